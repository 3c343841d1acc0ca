"""Emergency data for when the server is down: who is on call, how to reach them, open checklists.

`tocsin status` stores it on this host whenever the server responds; `tocsin status --offline` shows it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tocsin.client import Client, path_of
from tocsin.problems import RefusedError, TocsinError
from tocsin.settings import data_folder, write_private

MAX_INCIDENTS: Final = 20
MAX_MEMBERS: Final = 500


def last_seen_file() -> Path:
    """Return the file; only its owner may read it."""
    return data_folder() / "last-seen.json"


def remember(client: Client, url: str) -> None:
    """Store the server's current data. What this token may not read is left empty."""
    incidents = _read(lambda: list(client.pages("/incidents", limit=MAX_INCIDENTS, status="active")))
    stored = {
        "url": url, "at": time.time(),
        "on_call": _read(lambda: client.get("/on-call")),
        "members": _read(lambda: list(client.pages("/members", limit=MAX_MEMBERS))),
        "incidents": [_incident(client, one) for one in incidents],
    }  # fmt: skip
    write_private(last_seen_file(), json.dumps(stored))


def _incident(client: Client, one: Mapping[str, Any]) -> dict[str, Any]:
    path = path_of("incidents", one["incident_id"], "stages")
    stored = {name: one.get(name) for name in ("incident_id", "title", "severity", "stage")}
    return stored | {"stages": _read(lambda: client.get(path))}


def recall() -> dict[str, Any]:
    """Return the stored data. Raises TocsinError if there is none."""
    try:
        found = json.loads(last_seen_file().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        where = last_seen_file()
        raise TocsinError(
            f"{where} holds nothing. `tocsin status` fills it when the server is reachable."
        ) from error
    return dict(found)


def lines(stored: Mapping[str, Any]) -> Iterator[str]:
    """Return the stored data as lines for people."""
    age = max(0, int(time.time() - stored["at"]))
    hours, minutes = divmod(age // 60, 60)
    yield f"As of {hours} h {minutes} min ago, from {stored['url']}"
    people = {one.get("username", ""): one for one in stored["members"]}
    yield "On call:"
    for schedule in stored["on_call"]:
        names = [_person(shift.get("username", ""), people) for shift in schedule.get("now", [])]
        following = schedule.get("next") or {}
        after = f"; next: {_person(following['username'], people)}" if following.get("username") else ""
        yield f"  {schedule.get('name', '')}: {', '.join(names) or 'no one'}{after}"
    if not stored["on_call"]:
        yield "  nothing known"
    yield "Members:"
    for name in sorted(people):
        yield f"  {_person(name, people)}"
    if not people:
        yield "  nothing known: this token may not read them"
    yield from _incident_lines(stored["incidents"])


def _incident_lines(incidents: list[dict[str, Any]]) -> Iterator[str]:
    yield "Active incidents:"
    for one in incidents:
        yield f"  {one['incident_id']}  {one['severity']}  {one['title']}"
        for stage in one["stages"]:
            if stage.get("is_current"):
                for item in stage.get("items", []):
                    yield f"    [{'x' if item.get('ticked_at') else ' '}] {item.get('text', '')}"


def _person(username: str, people: Mapping[str, Any]) -> str:
    known = people.get(username, {})
    return " ".join(filter(None, (username, f"<{known['email']}>" if known.get("email") else "")))


def _read(ask: Callable[[], Any]) -> list[Any]:
    try:
        found = ask()
    except RefusedError:
        return []
    return found if isinstance(found, list) else []
