"""Sends a signed request to an automation system: Rundeck, AWX, a CI pipeline, or any JSON endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson
from django.utils import timezone

from core.errors import Invalid
from core.http.client import HttpPassingError, HttpPermanentError, HttpResponse, request
from core.redaction import redact
from core.secrets.signing import sign_webhook
from remediation.executors.base import Executor, Order, Progress, Report, executor
from remediation.executors.placeholders import (
    Placeholder,
    PlaceholderError,
    checked,
    filled,
    filled_address,
    parameters_in,
    server_faults,
    text_faults,
)

FIELDS: Final = {
    "url",
    "body",
    "header_name",
    "id_field",
    "status_url",
    "status_field",
    "success_values",
    "failure_values",
}
ID: Final = "{id}"  # in status_url: id of the work, from `id_field` of the response


@executor
class Webhook(Executor):
    """POSTs JSON, once. A 2xx response means accepted; the outcome is polled at `status_url` if given.

    It is never resent once a byte may have been sent: the outcome is then unknown.
    """

    kind = "webhook"
    title = "Webhook"

    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """`url` is required; `body` is a JSON object whose texts may hold placeholders."""
        found = [(name, "is not a setting of a webhook") for name in config if name not in FIELDS]
        if not config.get("url"):
            found.append(("url", "is required"))
        if not isinstance(config.get("body", {}), dict):
            found.append(("body", "must be a JSON object"))
        if config.get("status_url") and not config.get("success_values"):
            found.append(("success_values", "must list the values of the status that mean success"))
        status = _status_url(config)
        if status != config.get("status_url", "") and not config.get("id_field"):
            found.append(("id_field", f"must be the path of the {ID} of status_url in the response"))
        found += server_faults(config, ("url", "status_url"))
        return found + text_faults({**config, "status_url": status}, ("url", "body", "status_url"))

    def parameters(self, config: Mapping[str, Any]) -> dict[str, Placeholder]:
        """Parameters in its addresses and body; `{id}` comes from the response."""
        return parameters_in([config.get("url"), config.get("body"), _status_url(config)])

    def preview(self, order: Order) -> str:
        """The request that would be sent, without secrets."""
        url, body = self._request(order)
        text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
        return redact(f"POST {url}\n{text}")

    def _request(self, order: Order) -> tuple[str, Any]:
        if faults := self.faults(order.config):
            raise Invalid(f"{order.action}: {faults[0][0]} {faults[0][1]}. Nothing was sent.")
        values = {"component": order.target, "run": order.run_id, **order.arguments}
        try:
            body = _each_text(
                order.config.get("body", {"action": order.action, "component": "{component}"}), values
            )
            return filled_address(order.config["url"], values), body
        except PlaceholderError as error:
            raise Invalid(f"{order.action}: {error}. Nothing was sent.") from error

    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Send it. `webhook-id` is the run id, so that receivers can deduplicate."""
        url, body = self._request(order)
        content = orjson.dumps(body)
        headers = {"Content-Type": "application/json", **self._headers(order, content)}
        try:
            response = request("POST", url, content=content, headers=headers, cuts_body=True)
        except HttpPermanentError as error:
            return Report(Progress.FAILED, error.status, redact(error.body), str(error))
        except HttpPassingError as error:
            if error.may_have_acted:
                return Report(Progress.UNKNOWN, error.status, redact(error.body), str(error))
            return Report(Progress.FAILED, error.status, redact(error.body), str(error))
        if order.config.get("status_url"):
            return self._accepted(order, response, handle)
        return Report(Progress.SUCCEEDED, response.status, redact(response.text))

    @staticmethod
    def _accepted(order: Order, response: HttpResponse, handle: dict[str, Any]) -> Report:
        text, path = redact(response.text), order.config.get("id_field")
        if path:
            given = _at(_json(response), str(path))
            if isinstance(given, bool) or not isinstance(given, int | str):
                why = f"The reply has no {path}, so its outcome cannot be polled."
                return Report(Progress.UNKNOWN, response.status, text, why)
            handle["id"] = given
        return Report(Progress.RUNNING, response.status, text)

    @staticmethod
    def _headers(order: Order, content: bytes) -> dict[str, str]:
        headers = {"webhook-id": f"run-{order.run_id}"}
        if secret := order.secrets.get("signing_secret"):
            headers |= sign_webhook([secret], f"run-{order.run_id}", timezone.now(), content)
        if token := order.secrets.get("token"):
            headers[order.config.get("header_name") or "Authorization"] = token
        return headers

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Poll `status_url`, if given."""
        if not order.config.get("status_url"):
            return Report(Progress.UNKNOWN, reason="The request may have arrived. Check at the receiver.")
        if order.config.get("id_field") and "id" not in handle:
            return Report(Progress.UNKNOWN, reason="The request may have arrived; its reply was not read.")
        values = {"component": order.target, "run": order.run_id, **order.arguments}
        headers = {k: v for k, v in self._headers(order, b"").items() if not k.startswith("webhook-")}
        try:
            done = quote(checked("id", handle.get("id", "none")), safe="")
            url = str(order.config["status_url"]).replace(ID, done)
            reply = request("GET", filled_address(url, values), headers=headers).json()
        except PlaceholderError as error:
            return Report(Progress.UNKNOWN, reason=f"Its outcome cannot be polled: {error}.")
        except (HttpPermanentError, HttpPassingError) as error:
            return Report(Progress.RUNNING, error.status, reason=str(error))
        status = str(_at(reply, str(order.config.get("status_field", "status"))))
        return _report_of(status, order.config)


def _status_url(config: Mapping[str, Any]) -> str:
    return str(config.get("status_url", "")).replace(ID, "")


def _json(response: HttpResponse) -> Any:
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def _report_of(status: str, config: Mapping[str, Any]) -> Report:
    if status in {str(value) for value in config.get("success_values", [])}:
        return Report(Progress.SUCCEEDED, output=f"status: {status}")
    if status in {str(value) for value in config.get("failure_values", [])}:
        return Report(Progress.FAILED, output=f"status: {status}", reason=f"The receiver returned {status}.")
    return Report(Progress.RUNNING, output=f"status: {status}")


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _each_text(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {key: _each_text(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, values) for item in value]
    return value
