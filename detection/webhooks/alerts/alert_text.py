"""Converts alerts to events, titles and timeline texts. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from detection.ingest.parsing import MAX_MESSAGE, MAX_METADATA, MAX_NAME
from detection.sources.models import KEY_LENGTH
from detection.webhooks.parsed import Alert, AlertState, Link
from incidents.validation import LABELS, fit
from incidents.vocabulary import SEVERITY_RANK, Severity

LEVELS: Final = {
    Severity.SEV1: "critical", Severity.SEV2: "error", Severity.SEV3: "warning", Severity.SEV4: "info",
}  # fmt: skip
NAMED: Final = 3
MAX_DEPTH: Final = 12
TOO_BIG: Final = "omitted: too large for an event"
TOO_DEEP: Final = "omitted: nested too deep for an event"


def bounded_key(text: str) -> str:
    """Return a sender's key as it is stored: itself, or if it is too long its beginning and its SHA-256."""
    text = text.replace("\0", "")
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[: KEY_LENGTH - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"


def fingerprint_of(workspace_id: int, source_id: int, group: str) -> str:
    """Return 64 hex digits: one group of a source is one problem, within its workspace."""
    text = "\x1f".join(("source", str(workspace_id), str(source_id), group))
    return hashlib.sha256(text.encode()).hexdigest()


def event_of(alert: Alert, source_id: int, episode: int, at: datetime) -> dict[str, Any]:
    """Return the event of an alert; the same update received twice in one episode is the same event.

    It occurred at the sender's time if that is less than an hour ago: older events are not counted.
    """
    severity = alert.severity or Severity.SEV3
    metadata = {
        **_content(alert),
        "links": [dataclasses.asdict(link) for link in alert.links],
        "detail": storable(alert.detail),
    }  # fmt: skip
    moment = alert.ends_at if alert.state == AlertState.RESOLVED else alert.starts_at
    is_near = moment is not None and at - timedelta(hours=1) < moment <= at
    return {
        "event_id": event_id_of(alert, source_id, episode),
        "source": alert.component,
        "event_type": f"alert.{alert.state.value}",
        "severity": "info" if alert.state == AlertState.RESOLVED else LEVELS[severity],
        "message": alert.title[:MAX_MESSAGE],
        "occurred_at": (moment if is_near and moment else at).isoformat(),
        "metadata": _fitting(orjson.loads(orjson.dumps(metadata, default=str))),
    }


def event_id_of(alert: Alert, source_id: int, episode: int) -> str:
    """Return the id of an alert's event.

    It does not depend on the sending instance: a redundant pair sends each alert twice, with its own URLs.
    """
    content = orjson.dumps([source_id, alert.key, episode, alert.title, _content(alert)], default=str)
    return f"alert:{hashlib.sha256(content).hexdigest()}"


def _content(alert: Alert) -> dict[str, Any]:
    severity = alert.severity or Severity.SEV3
    return {
        "state": alert.state.value, "key": fit(alert.key, MAX_NAME), "severity": severity.value,
        "starts_at": alert.starts_at, "ends_at": alert.ends_at, "description": alert.description,
        "labels": dict(alert.labels),
    }  # fmt: skip


def _fitting(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata within the size limit; the largest parts are dropped first."""
    for part in ("detail", "description", "links", "labels"):
        if len(orjson.dumps(metadata)) <= MAX_METADATA:
            return metadata
        metadata[part] = TOO_BIG
    return metadata


def storable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return storable JSON: no nesting beyond `depth`, no integer of more than 64 bits."""
    if isinstance(value, Mapping):
        return (
            {line_of(name): storable(item, depth - 1) for name, item in value.items()} if depth else TOO_DEEP
        )
    if isinstance(value, list | tuple):
        return [storable(item, depth - 1) for item in value] if depth else TOO_DEEP
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)[:100]
    return value.replace("\0", "") if isinstance(value, str) else value


def line_of(name: object) -> str:
    """Return a member's name, without NUL."""
    return str(name).replace("\0", "")


def still_open(firing: int, down: int) -> str:
    """Return what keeps an incident open: alerts that fire, heartbeats that are down; "" if nothing does."""
    alerts = f" Still firing: {firing}." if firing else ""
    return alerts + (f" Heartbeats still down: {down}." if down else "")


def is_worse(severity: Severity | None, than: Severity) -> bool:
    """Return whether `severity` is given and worse than `than`."""
    return severity is not None and SEVERITY_RANK[severity] < SEVERITY_RANK[than]


def worst(severities: Sequence[Severity]) -> Severity:
    """Return the worst of at least one."""
    return min(severities, key=SEVERITY_RANK.__getitem__)


def named(titles: Sequence[str]) -> str:
    """Return `A, B, C and 4 more`; each title once."""
    once = list(dict.fromkeys(titles))
    more = f" and {len(once) - NAMED} more" if len(once) > NAMED else ""
    return ", ".join(once[:NAMED]) + more


def description_of(alert: Alert) -> str:
    """Return the alert's own description, its links below."""
    lines = [f"- {link.text or 'Link'}: {link.url}" for link in alert.links]
    return "\n\n".join(part for part in (alert.description, "\n".join(lines)) if part)


def common_labels(alerts: Sequence[Alert]) -> dict[str, str]:
    """Return the labels shared by all of at least one alert."""
    first, *rest = (alert.labels for alert in alerts)
    shared = {name: value for name, value in first.items() if all(o.get(name) == value for o in rest)}
    return dict(list(shared.items())[:LABELS])


def as_json(links: Sequence[Link]) -> list[Mapping[str, str]]:
    """Return links as they are stored."""
    return [{"url": link.url, "text": link.text} for link in links]
