"""GitHub's webhooks about deployments and releases: changes, shown with incidents that follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import CHOSEN_BY_TEAM, Guide
from detection.webhooks.http.form_data import URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import is_signed
from detection.webhooks.mapping.reader import key_of
from detection.webhooks.parsed import Change, ChangeKind, Reading
from detection.webhooks.values import first_line, line, link, links, moment, require_object

_DONE: Final = {"success": "deployed", "failure": "deployment failed", "error": "deployment failed"}

_GUIDE: Final = Guide(
    "Repository or organization settings, Webhooks, Add: content type application/json; let it send "
    "deployment statuses and releases",
    "{address}",
    {"deployment_status": {"id": 0, "state": "success"}, "deployment": {"ref": "main", "environment":
     "production"}, "repository": {"name": "tocsin-test"}},
    headers={"x-github-event": "deployment_status"}, signing=CHOSEN_BY_TEAM,
)  # fmt: skip


@webhook_format
class GitHub(WebhookFormat):
    """Finished `deployment_status` events and published releases; other events are accepted and ignored."""

    name = "github"
    title = "GitHub deployments"
    guide = _GUIDE
    signs = True
    stored_headers = ("x-github-event",)
    content_types = frozenset({"application/json", URLENCODED, ""})

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify `X-Hub-Signature-256`: `sha256=` and the HMAC of the raw body."""
        kind, _, given = request.headers.get("x-hub-signature-256", "").partition("=")
        return kind == "sha256" and is_signed(request.raw, given, secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(
            form_values(request) if request.content_type == URLENCODED else request.document()
        )
        kind = request.headers.get("x-github-event", "")
        change = (
            _deployment(body)
            if kind == "deployment_status"
            else _release(body)
            if kind == "release"
            else None
        )
        return Reading(changes=(change,) if change else ())


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _deployment(body: Mapping[str, Any]) -> Change | None:
    status = require_object(body.get("deployment_status"), "deployment_status")
    deployment, repository = _object(body, "deployment"), _object(body, "repository")
    verb = _DONE.get(line(status.get("state")))
    if verb is None:
        return None
    where = first_line(deployment.get("environment"), status.get("environment"))
    author = first_line(_object(deployment, "creator").get("login"), _object(body, "sender").get("login"))
    return Change(
        summary=line(f"{line(repository.get('name'))} {verb}{f' to {where}' if where else ''}"),
        kind=ChangeKind.DEPLOYMENT, key=key_of("deployment_status", line(status.get("id"))),
        component=line(repository.get("name")), author=author[:100],
        version=first_line(deployment.get("ref"), deployment.get("sha"), limit=100),
        occurred_at=moment(status.get("created_at")),
        links=links(link(status.get("log_url"), "Log"), link(repository.get("html_url"), "Repository")),
        detail={"environment": where, "sha": line(deployment.get("sha")), "state": line(status.get("state")),
                "description": line(deployment.get("description"))},
    )  # fmt: skip


def _release(body: Mapping[str, Any]) -> Change | None:
    release, repository = require_object(body.get("release"), "release"), _object(body, "repository")
    if body.get("action") != "published":
        return None
    tag = line(release.get("tag_name"), 100)
    return Change(
        summary=line(f"{line(repository.get('name'))} released {tag}"), kind=ChangeKind.OTHER,
        key=key_of("release", line(release.get("id"))), component=line(repository.get("name")), version=tag,
        author=line(_object(release, "author").get("login"), 100),
        occurred_at=moment(release.get("published_at")),
        links=links(link(release.get("html_url"), "Release")), detail={"name": line(release.get("name"))},
    )  # fmt: skip
