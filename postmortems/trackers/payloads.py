"""Parses webhook bodies of GitHub, GitLab, Jira, Linear and others about issues. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

State = str  # "open", "in_progress", "done", "cancelled"
WORDS: Final[Mapping[str, State]] = {
    "open": "open", "opened": "open", "reopened": "open", "todo": "open", "new": "open", "backlog": "open",
    "unstarted": "open", "triage": "open", "in_progress": "in_progress", "started": "in_progress",
    "indeterminate": "in_progress", "doing": "in_progress", "done": "done", "closed": "done",
    "completed": "done", "merged": "done", "resolved": "done", "cancelled": "cancelled",
    "canceled": "cancelled", "not_planned": "cancelled", "duplicate": "cancelled", "wontfix": "cancelled",
}  # fmt: skip


@dataclass(frozen=True)
class OutsideChange:
    """The issue `url` is in `state` since `at`."""

    url: str
    state: State
    at: datetime


def read_change(body: Mapping[str, Any], now: datetime) -> OutsideChange | None:
    """The change reported by a body; None if it is about something else. Raises ValueError."""
    for reader in _READERS:
        found = reader(body)
        if found is not None:
            url, word, at = found
            return OutsideChange(url, _state(word), min(_moment(at) or now, now))
    return None


def _state(word: str) -> State:
    key = word.strip().lower().replace(" ", "_").replace("-", "_")
    if key not in WORDS:
        raise ValueError(f"{word[:40]!r} is not a known state")
    return WORDS[key]


def _moment(text: Any) -> datetime | None:
    """Parse an ISO time, `2026-03-01 10:00:00 UTC`, or milliseconds; None without one."""
    if isinstance(text, int) and not isinstance(text, bool):
        return datetime.fromtimestamp(text / 1000, UTC)
    if not isinstance(text, str) or not text:
        return None
    made = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


Found = tuple[str, str, Any] | None


def _github(body: Mapping[str, Any]) -> Found:
    issue = _map(body.get("issue") or body.get("pull_request"))
    if not issue.get("html_url") or not issue.get("state"):
        return None
    word = issue.get("state_reason") if issue["state"] == "closed" else issue["state"]
    return str(issue["html_url"]), str(word or issue["state"]), issue.get("updated_at")


def _gitlab(body: Mapping[str, Any]) -> Found:
    issue = _map(body.get("object_attributes"))
    if body.get("object_kind") not in ("issue", "work_item", "merge_request") or not issue.get("url"):
        return None
    return str(issue["url"]), str(issue.get("state", "")), issue.get("updated_at")


def _jira(body: Mapping[str, Any]) -> Found:
    issue = _map(body.get("issue"))
    status = _map(_map(issue.get("fields")).get("status"))
    if not issue.get("key") or not issue.get("self") or not status:
        return None
    parts = urlsplit(str(issue["self"]))
    url = f"{parts.scheme}://{parts.netloc}/browse/{issue['key']}"
    return url, str(_map(status.get("statusCategory")).get("key", "")), body.get("timestamp")


def _linear(body: Mapping[str, Any]) -> Found:
    data = _map(body.get("data"))
    url = data.get("url") or body.get("url")
    if body.get("type") != "Issue" or not url or not data.get("state"):
        return None
    return str(url), str(_map(data["state"]).get("type", "")), data.get("updatedAt")


def _plain(body: Mapping[str, Any]) -> Found:
    if not isinstance(body.get("url"), str) or not isinstance(body.get("state"), str):
        return None
    return body["url"], body["state"], body.get("at")


_READERS: Final[tuple[Callable[[Mapping[str, Any]], Found], ...]] = (
    _jira, _github, _gitlab, _linear, _plain
)  # fmt: skip
