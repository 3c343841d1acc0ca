"""Archive parts of the events of an incident."""

from __future__ import annotations

from typing import Final, LiteralString

from incidents.archive.parts import Part, add_parts

_LINKED: Final[LiteralString] = (
    "t.id = any(array(select l.event_id from detection_incident_event l"
    " where l.workspace_id = %(workspace)s and l.incident_id = %(incident)s))"
)
# Links come first, so that they are deleted last: they determine which events belong to the incident.
add_parts(
    Part("finding", "detection_finding"),
    Part("event_link", "detection_incident_event", key="event_id", leaves=True),
    Part("event", "detection_event", _LINKED, leaves=True),
)
