"""Copies of timeline entries in Slack, for the archive of an incident."""

from __future__ import annotations

from typing import Final, LiteralString

from incidents.archive.parts import Part, add_parts

_OF_ENTRY: Final[LiteralString] = (
    "exists (select 1 from incidents_timelineentry e"
    " where e.id = t.entry_id and e.incident_id = %(incident)s and e.kind <> 'resolution')"
)
add_parts(
    Part("room_message", "warroom_roommessage", _OF_ENTRY, leaves=True),
    Part("slack_pin", "warroom_slackpin", _OF_ENTRY, leaves=True),
)
