"""Recorded requests: one JSON file each under `payloads/<format>/`, with the expected result.

A file is `{"request": {"headers": {...}, "query": {...}, "path": "", "json": … or "text": "…"},
"settings": {"mapping": {...}}, "reading": {"alerts": [...], "events": [...], "changes": [...],
"faults": [...], "reply": {...}}}` or has "refused": "malformed" | "invalid" instead of "reading". Only the
fields that an expected alert, event or change names are compared.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Problem
from detection.webhooks.format import SourceSettings, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Reading

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def recorded(format_name: str) -> list[Path]:
    """Every recorded request of a format, by name."""
    return sorted((PAYLOADS / format_name).glob("*.json"))


def request_of(given: Mapping[str, Any]) -> WebhookRequest:
    """The recorded request as the receiver passes it on."""
    body = given["text"].encode() if "text" in given else json.dumps(given["json"]).encode()
    headers = {"content-type": "application/json"} | {
        k.lower(): v for k, v in given.get("headers", {}).items()
    }
    return WebhookRequest("POST", headers, body, body, NOW, given.get("query", {}), given.get("path", ""))


def read_recorded(format_name: str, path: Path) -> tuple[Mapping[str, Any], Reading | Problem]:
    """The file, and what the format reads out of it or refuses it with."""
    document = json.loads(path.read_text())
    settings = SourceSettings(**{"name": "Prod", **document.get("settings", {})})
    try:
        return document, webhook_formats().get(format_name).read(request_of(document["request"]), settings)
    except Problem as problem:
        return document, problem


def check_recorded(format_name: str, path: Path) -> None:
    """Compare what is read with what the file expects."""
    document, reading = read_recorded(format_name, path)
    if "refused" in document:
        assert isinstance(reading, Problem), reading
        assert reading.code == document["refused"]
        return
    assert isinstance(reading, Reading), reading
    read, expected = plain(reading), document["reading"]
    for kind in ("alerts", "events", "changes", "faults"):
        wanted = expected.get(kind, [])
        assert [pick(item, want) for item, want in zip(read[kind], wanted, strict=True)] == wanted, kind
    assert pick(read["reply"], expected.get("reply", read["reply"])) == expected.get("reply", read["reply"])


def plain(reading: Reading) -> dict[str, Any]:
    """A reading as JSON."""
    fields = {field.name: getattr(reading, field.name) for field in dataclasses.fields(reading)}
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def pick(item: Any, wanted: Any) -> Any:
    """The part of `item` that `wanted` describes."""
    if isinstance(wanted, dict) and isinstance(item, dict):
        return {name: pick(item.get(name), value) for name, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(item, list) and len(wanted) == len(item):
        return [pick(one, want) for one, want in zip(item, wanted, strict=True)]
    return item
