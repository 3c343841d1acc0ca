"""Slash commands in a text, each on its own line: `/timeline`, `/chart errors`, `/action Add an alert`."""

from __future__ import annotations

import re
from typing import Final

from accounts.actor import Actor
from incidents.models import Incident
from postmortems.action_items.services import create_item
from postmortems.drafting.charts import chart_of
from postmortems.drafting.collect import collect
from postmortems.drafting.placeholders import draft_text

_LINE: Final = re.compile(
    r"^/(timeline|actions|chart(?:[ \t]+(errors|sources|timeline))?|action[ \t]+(\S.{0,200}))[ \t]*$", re.M
)


def expand(actor: Actor, incident: Incident, text: str, *, client_id: str = "") -> str:
    """Replace each command in the text by its result; `/action` creates the action item.

    `/chart` draws errors by type, `sources` or `timeline` (entries over time), from current data.

    Raises Invalid (field `title`) for an action with an invalid title.
    """
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        if match[3]:
            key = f"{client_id}:{count}" if client_id else ""
            item = create_item(actor, incident.number, title=match[3], request_key=key)
            return f"{item.reference} {item.title}"
        if match[1].startswith("chart"):
            return chart_of(incident, match[2] or "") or "*No data for this chart.*"
        name = "timeline" if match[1] == "timeline" else "follow_ups"
        return draft_text(f"{{{{ {name} }}}}", collect(incident)) or match[0]

    return _LINE.sub(replace, text.replace("\r\n", "\n"))  # forms send CRLF
