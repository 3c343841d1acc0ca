"""CloudEvents 1.0 over HTTP: binary, structured and batched, with the handshake of its web hooks.

Events are counted by rules; CDEvents about services are changes; with a field mapping, the source's applies
to the whole event (`data.title`, `subject`, `type` …).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from core.errors import FieldFault, Invalid, Malformed
from core.http.strict_json import load
from detection.ingest.parsing import Fault
from detection.levels import LEVEL_NAMES
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import bearer, is_known
from detection.webhooks.mapping.definition import parse_mapping
from detection.webhooks.mapping.reader import key_of, read_mapped
from detection.webhooks.parsed import Change, ChangeKind, Reading, Reply
from detection.webhooks.values import first_line, line, moment

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
MAX_EVENTS: Final = 1000
RATE: Final = 6000
MAX_BASE64: Final = 8000
_ESCAPED: Final = re.compile(r"\\(.)")
# Media types used by senders of structured events that do not know the right one.
PLAIN: Final = ("application/json", "text/json", "text/plain", "application/octet-stream", "")
REQUIRED: Final = ("id", "source", "type")
_CORE: Final = frozenset({"specversion", "id", "source", "type", "data", "data_base64"})
_DEPLOYED: Final = frozenset({"deployed", "upgraded", "rolledback", "removed", "published"})
# The severitynumber of the CloudEvents severity extension, as in OpenTelemetry: four numbers per level.
_NUMBERED: Final = ("debug", "debug", "info", "warning", "error", "fatal")

_GUIDE: Final = Guide(
    "Event Grid, Knative, Argo or your own code: the address of a web hook",
    "curl -X POST '{address}' \\\n  -H 'Content-Type: application/cloudevents+json' \\\n"
    '  -d \'{"specversion": "1.0", "id": "1", "source": "/db-1", "type": "disk.full",\n'
    '       "data": {"message": "Disk is full", "level": "error"}}\'',
    {"specversion": "1.0", "id": "tocsin-test", "source": "/db-1", "type": "tocsin.test",
     "data": {"message": "A test from Tocsin's source page", "level": "error"}},
    "application/cloudevents+json", signing="The sender puts it into Authorization: Bearer …",
)  # fmt: skip


@webhook_format
class CloudEvents(WebhookFormat):
    """CloudEvents of one's own systems; `source` and `id` together deduplicate them."""

    name = "cloudevents"
    title = "CloudEvents 1.0"
    guide = _GUIDE
    signs = True
    stored_headers = ("ce-", "aeg-")
    is_mapped = True

    def takes(self, content_type: str) -> bool:
        """Return True for any type in binary mode; for JSON only in the structured modes."""
        is_structured = content_type.startswith("application/cloudevents")
        return not is_structured or content_type in (STRUCTURED, BATCH)

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify as in its web hooks: `Authorization: Bearer …`, or `access_token` in the URL."""
        given = bearer(request.headers.get("authorization", "")) or request.query.get("access_token", "")
        return is_known(given, secrets)

    def check_mapping(self, mapping: Mapping[str, Any]) -> None:
        parse_mapping(mapping)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        if (code := _validation_code(request)) is not None:
            return Reading(reply=Reply(200, {"validationResponse": code}))
        elements = _elements(request)
        faults = [fault for place, one in enumerate(elements) if (fault := _fault(place, one))]
        bad = {fault.position for fault in faults}
        sound = [one for place, one in enumerate(elements) if place not in bad]
        reading = _mapped(sound, settings) if settings.mapping else _read(sound)
        return Reading(reading.events, reading.alerts, reading.changes, (*faults, *reading.faults))

    def handshake(self, request: WebhookRequest) -> Reply | None:
        """Grant delivery at the requested rate to any caller that knows the URL of a source."""
        origin = request.headers.get("webhook-request-origin", "")
        if not origin or len(origin) > 253 or not origin.isprintable():
            return None
        requested = request.headers.get("webhook-request-rate", "")
        rate = min(int(requested), RATE) if requested.isdecimal() and len(requested) < 10 else RATE
        allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(max(rate, 1))}
        return Reply(200, None, allowed | {"Allow": "POST, OPTIONS"})


def _validation_code(request: WebhookRequest) -> str | None:
    """Return the code that Event Grid sends before it delivers to a URL; None for any other body."""
    if request.headers.get("aeg-event-type", "").casefold() != "subscriptionvalidation":
        return None
    document = request.document()
    first = document[0] if isinstance(document, list) and document else document
    data = first.get("data") if isinstance(first, dict) else None
    code = line(data.get("validationCode"), 500) if isinstance(data, dict) else ""
    if not code:
        raise Invalid("Event Grid's handshake holds no data.validationCode.")
    return code


def _elements(request: WebhookRequest) -> list[Any]:
    if request.content_type == BATCH:
        batch = request.document()
        if not isinstance(batch, list) or len(batch) > MAX_EVENTS:
            raise Invalid(f"A batch must be an array of at most {MAX_EVENTS} events.")
        return batch
    if request.content_type == STRUCTURED:
        return [request.document()]
    if request.content_type.startswith("application/cloudevents"):
        raise Malformed(f"{request.content_type[:60]} is not supported here. Send {STRUCTURED} or {BATCH}.")
    if "ce-specversion" in request.headers:
        return [_binary(request)]
    return _untyped(request)


def _untyped(request: WebhookRequest) -> list[Any]:
    """Parse plain `application/json` from senders that omit the media type."""
    document = request.document() if request.content_type in PLAIN else None
    if isinstance(document, dict) and "specversion" in document:
        return [document]
    fault = FieldFault("ce-specversion", "required", "is missing, and the body is no structured event")
    raise Invalid("This is no CloudEvent.", faults=[fault])


def _binary(request: WebhookRequest) -> dict[str, Any]:
    event: dict[str, Any] = {
        name.removeprefix("ce-"): _header(name, value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    kind = request.content_type
    event |= {"datacontenttype": kind} if kind else {}
    if kind.endswith(("/json", "+json")) or (not kind and request.body.lstrip()[:1] in (b"{", b"[")):
        event |= {"data": request.document()} if request.body.strip() else {}
    elif kind.startswith("text/") or kind.endswith(("/xml", "+xml", "/yaml")):
        event["data"] = request.text()
    elif request.body:
        event["data_base64"] = base64.b64encode(request.body).decode()
    return dict(_without_nul(event))


def _header(name: str, value: str) -> str:
    """Decode an attribute in a header: quotes removed, percent-encoding and bytes as UTF-8.

    Raises Invalid.
    """
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = _ESCAPED.sub(r"\1", text[1:-1])
    try:
        # Servers decode headers as Latin-1.
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raw = text.encode()
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        fault = FieldFault(name[:100], "encoding", "must be UTF-8, percent-encoded or not")
        raise Invalid(f"The header {name[:100]} is not UTF-8.", faults=[fault]) from None


def _without_nul(event: dict[str, Any]) -> dict[str, Any]:
    """Refuse the characters that are refused in JSON bodies. Raises Invalid."""
    for name, value in event.items():
        if isinstance(value, str) and "\0" in value:
            raise Invalid(
                "A text contains a NUL character.",
                faults=[FieldFault(name[:100], "nul", "must not hold NUL")],
            )
    return event


def _fault(place: int, event: Any) -> Fault | None:
    if not isinstance(event, dict):
        return Fault(place, "", "type", "must be an object")
    if not line(event.get("specversion")).startswith("1."):
        return Fault(place, "specversion", "choice", "must be 1.0")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name].strip():
            return Fault(place, name, "required", "must be a text that is not empty")
    return None


def _mapped(events: list[dict[str, Any]], settings: SourceSettings) -> Reading:
    return read_mapped(parse_mapping(settings.mapping), [_opened(event) for event in events])


def _read(events: list[dict[str, Any]]) -> Reading:
    changes = [event for event in events if _is_change(event)]
    return Reading(
        events=tuple(_event(event) for event in events if not _is_change(event)),
        changes=tuple(_change(event) for event in changes),
    )


def _opened(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with `data_base64` decoded to `data` if it is JSON or text."""
    if "data_base64" not in event:
        return event
    try:
        raw = base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        return event
    rest = {name: value for name, value in event.items() if name != "data_base64"}
    try:
        return rest | {"data": load(raw)}
    except (Malformed, Invalid):
        text = _text_in(raw, line(event.get("datacontenttype")))
        return event if text is None else rest | {"data": text}


def _text_in(raw: bytes, kind: str) -> str | None:
    """Decode bytes as text; None if they are no text, or contain characters that no text may contain."""
    is_text = not kind or kind.startswith("text/") or kind.endswith(("xml", "yaml", "json"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if is_text and "\0" not in text else None


def _level(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    for word in (event.get("severitytext"), data.get("level"), data.get("severity"), event.get("severity")):
        if (found := line(word, 40).lower()) in LEVEL_NAMES:
            return found
    number = line(event.get("severitynumber"), 4)
    return _NUMBERED[(int(number) - 1) // 4] if number.isdecimal() and 1 <= int(number) <= 24 else "info"


def _data(event: Mapping[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {"text": data} if data is not None else {}


def _event(raw: dict[str, Any]) -> dict[str, Any]:
    event = _opened(raw)
    data, at = _data(event), moment(event.get("time"))
    trace = line(event.get("traceparent")).split("-")
    message = first_line(
        data.get("message"), data.get("msg"), data.get("title"), data.get("summary"), data.get("text"),
        event.get("subject"), event["type"], limit=8000,
    )  # fmt: skip
    return {
        "source": line(event["source"]), "event_type": line(event["type"]), "level": _level(event, data),
        "message": message, "event_id": key_of(event["source"], event["id"]),
        "correlation_id": first_line(event.get("correlationid"), trace[1] if len(trace) == 4 else ""),
        "metadata": {name: value for name, value in event.items() if name not in _CORE}
        | _stored_data(event),
    } | ({"occurred_at": at.isoformat()} if at else {})  # fmt: skip


def _stored_data(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an event; anything but JSON and text stays in base64."""
    if "data_base64" in event:
        return {"data_base64": _short(event["data_base64"])}
    return {"data": event.get("data")}


def _short(data: Any) -> str:
    """Return bytes in base64, truncated to what an event may contain."""
    text = data if isinstance(data, str) else ""
    return text if len(text) <= MAX_BASE64 else f"left out: {len(text)} characters of base64"


def _is_change(event: Mapping[str, Any]) -> bool:
    """Return whether it is a CDEvent such as `dev.cdevents.service.deployed.0.2.0`."""
    parts = event["type"].split(".")
    return parts[:3] == ["dev", "cdevents", "service"] and len(parts) > 3 and parts[3] in _DEPLOYED


def _change(raw: dict[str, Any]) -> Change:
    event = _opened(raw)
    subject = _data(event).get("subject")
    subject = subject if isinstance(subject, dict) else {}
    content = subject.get("content")
    content = content if isinstance(content, dict) else {}
    name, verb = first_line(subject.get("id"), event.get("subject")) or "service", event["type"].split(".")[3]
    environment = content.get("environment")
    where = first_line(environment.get("id") if isinstance(environment, dict) else environment)
    artifact = line(content.get("artifactId"), 500)
    return Change(
        summary=line(f"{name} {verb.replace('rolledback', 'rolled back')}{f' in {where}' if where else ''}"),
        kind=ChangeKind.DEPLOYMENT, key=key_of(event["source"], event["id"]),
        component=name.rpartition("/")[2], version=artifact.rpartition("@")[2][:100],
        occurred_at=moment(event.get("time")), detail={"type": event["type"], "content": content},
    )  # fmt: skip
