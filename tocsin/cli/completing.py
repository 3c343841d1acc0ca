"""Shell completion of references of active incidents, cached for at most 30 seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tocsin.client import Client
from tocsin.problems import TocsinError
from tocsin.settings import data_folder, load_settings, write_private

MAX_AGE_S: Final = 30.0
MAX_OFFERED: Final = 50
TIMEOUT_S: Final = 2.0  # completion blocks the shell


def incident_ids(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield active incidents whose reference has the prefix, with their titles.

    None if the server is down.
    """
    for one in _active():
        if one["id"].lower().startswith(incomplete.lower()):
            yield incomplete + one["id"][len(incomplete) :], one["title"]  # shells extend the typed text


def cache_file() -> Path:
    """Return the cache file; only its owner may read it."""
    return data_folder() / "completion.json"


def _active() -> list[dict[str, str]]:
    try:
        settings = load_settings()
        where = f"{settings.profile} {settings.url} {settings.workspace}"
        cached = _cached()
        if cached.get("where") == where and 0 <= time.time() - cached["at"] < MAX_AGE_S:
            return list(cached["incidents"])
        with Client(settings=settings, timeout=TIMEOUT_S, tries=1) as client:
            found = list(client.pages("/incidents", limit=MAX_OFFERED, status="active"))
        incidents = [{"id": one["incident_id"], "title": _plain(one["title"])} for one in found]
        write_private(cache_file(), json.dumps({"where": where, "at": time.time(), "incidents": incidents}))
    except (TocsinError, OSError, KeyError, TypeError):
        return []
    return incidents


def _cached() -> dict[str, Any]:
    try:
        found = json.loads(cache_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(title: str) -> str:
    """Return a title without terminal control characters."""
    return "".join(letter for letter in title if letter.isprintable())[:80]


Reference = Annotated[str, typer.Argument(help="INC-42, inc_00042 or 42.", autocompletion=incident_ids)]
References = Annotated[
    list[str], typer.Argument(help="INC-42, inc_00042 or 42.", autocompletion=incident_ids)
]
