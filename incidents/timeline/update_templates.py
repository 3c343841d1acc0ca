"""Default stakeholder update templates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from incidents.vocabulary import Status

NEXT_UPDATE: Final = "{next_update}"  # placeholder for the time of the next update


@dataclass(frozen=True, slots=True)
class UpdateTemplate:
    """One text; `{title}`, `{impact}` and `{components}` are of the incident."""

    label: str
    text: str


STANDARD: Final[Mapping[str, UpdateTemplate]] = {
    "investigating": UpdateTemplate(
        "Investigating",
        "**{title}**\n\nWe are investigating.\n\nImpact: {impact}\n\nAffected: {components}\n\n"
        f"Next update: {NEXT_UPDATE}",
    ),
    "identified": UpdateTemplate(
        "Cause found",
        "**{title}**\n\nWe have found the cause and are working on a fix.\n\nImpact: {impact}\n\n"
        f"Affected: {{components}}\n\nNext update: {NEXT_UPDATE}",
    ),
    "monitoring": UpdateTemplate(
        "Fix in place",
        "**{title}**\n\nA fix is in place and we are watching the result.\n\nAffected: {components}\n\n"
        f"Next update: {NEXT_UPDATE}",
    ),
    "resolved": UpdateTemplate("Resolved", "**{title}**\n\nThis is resolved. Affected: {components}"),
}
_BY_STATUS: Final[Mapping[Status, str]] = {
    Status.IDENTIFIED: "identified",
    Status.MONITORING: "monitoring",
    Status.RESOLVED: "resolved",
    Status.CLOSED: "resolved",
}


def template_for(status: str) -> str:
    """Return the name of the template for a status."""
    return _BY_STATUS.get(Status(status), "investigating")


def begin_update(text: str, *, title: str, impact: str, components: Sequence[str]) -> str:
    """Return the text of a template with the incident's values."""
    words = {
        "title": title,
        "impact": impact or "not known yet",
        "components": ", ".join(components) or "not known yet",
    }
    for key, value in words.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def fill_next_update(text: str, due: datetime | None) -> str:
    """Return the text with the time of the next update."""
    words = f"{due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if due else "as soon as there is news"
    return text.replace(NEXT_UPDATE, words)
