"""GitLab's webhooks about deployments, releases and flags: changes shown with incidents that follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import CHOSEN_BY_TEAM, Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import is_known
from detection.webhooks.mapping.reader import key_of
from detection.webhooks.parsed import Change, ChangeKind, Reading
from detection.webhooks.values import first_line, line, link, links, moment, require_object

_DONE: Final = {"success": "deployed", "failed": "deployment failed", "canceled": "deployment cancelled"}

_GUIDE: Final = Guide(
    "Project settings, Webhooks: triggers deployment events, releases and feature flags",
    "{address}",
    {"object_kind": "deployment", "status": "success", "deployment_id": 0, "environment": "production",
     "project": {"name": "tocsin-test"}, "short_sha": "0000000"},
    signing=CHOSEN_BY_TEAM,
)  # fmt: skip


@webhook_format
class GitLab(WebhookFormat):
    """Finished deployments, new releases, flags flipped; other events are accepted and ignored."""

    name = "gitlab"
    title = "GitLab deployments"
    guide = _GUIDE
    signs = True

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify `X-Gitlab-Token`, which is the secret itself."""
        return is_known(request.headers.get("x-gitlab-token", ""), secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        read = _KINDS.get(line(body.get("object_kind")))
        change = read(body) if read else None
        return Reading(changes=(change,) if change else ())


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _project(body: Mapping[str, Any]) -> str:
    return line(_object(body, "project").get("name"))


def _time(value: Any) -> Any:
    """Convert GitLab's time format, `2021-04-28 21:50:00 +0200`, to ISO 8601."""
    parts = line(value).split(" ")
    return f"{parts[0]}T{parts[1]}{'+00:00' if parts[2] == 'UTC' else parts[2]}" if len(parts) == 3 else value


def _deployment(body: Mapping[str, Any]) -> Change | None:
    verb, where = _DONE.get(line(body.get("status"))), line(body.get("environment"))
    if verb is None:
        return None
    return Change(
        summary=line(f"{_project(body)} {verb}{f' to {where}' if where else ''}"), kind=ChangeKind.DEPLOYMENT,
        key=key_of("deployment", line(body.get("deployment_id")), line(body.get("status"))),
        component=_project(body), version=first_line(body.get("short_sha"), body.get("ref"), limit=100),
        author=line(_object(body, "user").get("username"), 100),
        occurred_at=moment(_time(body.get("status_changed_at"))),
        links=links(link(body.get("deployable_url"), "Job"), link(body.get("commit_url"), "Commit")),
        detail={"environment": where, "ref": line(body.get("ref")), "title": line(body.get("commit_title"))},
    )  # fmt: skip


def _release(body: Mapping[str, Any]) -> Change | None:
    if body.get("action") != "create":
        return None
    tag = line(body.get("tag"), 100)
    return Change(
        summary=line(f"{_project(body)} released {tag}"), kind=ChangeKind.OTHER,
        key=key_of("release", line(body.get("id"))), component=_project(body), version=tag,
        occurred_at=moment(_time(body.get("released_at"))), links=links(link(body.get("url"), "Release")),
        detail={"name": line(body.get("name"))},
    )  # fmt: skip


def _flag(body: Mapping[str, Any]) -> Change | None:
    flag = require_object(body.get("object_attributes"), "object_attributes")
    name, is_on = line(flag.get("name")), flag.get("active") is True
    return Change(
        summary=line(f"Flag {name} turned {'on' if is_on else 'off'}"), kind=ChangeKind.FLAG,
        component=_project(body), author=line(_object(body, "user").get("username"), 100),
        links=links(link(body.get("user_url"))), detail={"flag": name, "active": is_on},
    )  # fmt: skip


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Change | None]]] = {
    "deployment": _deployment, "release": _release, "feature_flag": _flag,
}  # fmt: skip
