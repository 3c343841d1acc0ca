"""Builds the blocks of the incident card and of the announcement. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from warroom.slack.text import MAX_FIELD_CHARS, MAX_HEADER_CHARS, button, cut, escaped, section

# Stable ids: messages stay clickable for years.
RESOLVE: Final = "resolve_incident"
ADD_UPDATE: Final = "add_update"
OPEN_PAGE: Final = "open_incident_page"
OPEN_ROOM: Final = "open_war_room"
MAX_DESCRIPTION_CHARS: Final = 2900


@dataclass(frozen=True, slots=True)
class Card:
    """Content of the card; `commander` is a mention or a name, already escaped."""

    number: int
    version: int
    title: str
    severity: str
    status: str
    commander: str
    detected_at: datetime
    description: str
    url: str
    is_unresolved: bool
    is_drill: bool = False
    room: str = ""
    note: str = ""

    @property
    def value(self) -> str:
        """Value of its buttons: number and version."""
        return f"{self.number}:{self.version}"


def card_text(card: Card) -> str:
    """The card in one line, for notifications and as a fallback without blocks."""
    drill = "Drill: " * card.is_drill
    return escaped(f"{drill}INC-{card.number} [{card.severity}] {card.title} ({card.status}) {card.url}")


def card_blocks(card: Card) -> list[dict[str, Any]]:
    """Header, severity, status, commander, detected, description and the buttons."""
    at = int(card.detected_at.timestamp())
    detected = f"<!date^{at}^{{date_short}} {{time}}|{card.detected_at:%Y-%m-%d %H:%M} UTC>"
    fields = (
        ("Severity", card.severity), ("Status", card.status),
        ("Commander", card.commander), ("Detected", detected),
    )  # fmt: skip
    described = escaped(cut(card.description or "No description.", MAX_DESCRIPTION_CHARS // 2))
    return [
        _header(card),
        section(f"*{escaped(card.title)}*"),
        {"type": "section", "fields": [_field(name, value) for name, value in fields]},
        section(f"*Description:*\n{described}"),
        _actions(card),
    ]


def announcement_blocks(card: Card) -> list[dict[str, Any]]:
    """Title, severity, status, commander, the room, and the buttons of the card."""
    line = f"*{card.severity}* · {card.status} · Commander: {card.commander}"
    room = [section(f"War room: {card.room}")] if card.room else []
    note = [section(escaped(card.note))] if card.note else []
    return [_header(card), section(f"*{escaped(card.title)}*\n{line}"), *room, *note, _actions(card)]


def _header(card: Card) -> dict[str, Any]:
    text = f"{'🧪 Drill' if card.is_drill else '🚨 Incident'} INC-{card.number}"
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, MAX_HEADER_CHARS)}}


def _field(name: str, value: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": cut(f"*{name}:*\n{value}", MAX_FIELD_CHARS)}


def _actions(card: Card) -> dict[str, Any]:
    page = button("Open in Tocsin", OPEN_PAGE, url=card.url)
    if not card.is_unresolved:
        return {"type": "actions", "elements": [page]}
    confirm = {
        "title": {"type": "plain_text", "text": f"Resolve INC-{card.number}?"},
        "text": {"type": "plain_text", "text": "Its stages end and its components are restored."},
        "confirm": {"type": "plain_text", "text": "Mark resolved"},
        "deny": {"type": "plain_text", "text": "Cancel"},
    }
    resolve = button("Mark resolved", RESOLVE, value=card.value, style="primary", confirm=confirm)
    return {
        "type": "actions",
        "elements": [resolve, button("Add update", ADD_UPDATE, value=card.value), page],
    }
