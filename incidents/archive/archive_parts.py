"""Archive parts of the incidents app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from django.db.models import Q

from incidents.archive.parts import OBSTACLES, Part, add_parts
from incidents.models import Merge

# How it was resolved stays in the database: it is shown with similar incidents.
_OF_ENTRY: Final[LiteralString] = (
    "exists (select 1 from incidents_timelineentry e"
    " where e.id = t.entry_id and e.incident_id = %(incident)s and e.kind <> 'resolution')"
)
add_parts(
    Part("incident", "incidents_incident", "t.id = %(incident)s"),
    Part("signal", "incidents_incidentsignal"),
    Part("component", "incidents_affectedcomponent"),
    Part("role", "incidents_roleassignment"),
    Part("sla_clock", "incidents_slaclock"),
    Part("stage", "incidents_stagevisit"),
    Part("checklist_item", "incidents_checklistitem"),
    Part("evidence", "incidents_incidentevidence"),
    Part("analysis", "incidents_analysis"),
    Part("verdict", "incidents_incidentverdict"),
    Part("auto_resolution", "incidents_autoresolution"),
    Part("attachment", "incidents_attachment"),
    Part("link", "incidents_incidentlink", "%(incident)s in (t.low_id, t.high_id)"),
    Part("merge", "incidents_merge", "%(incident)s in (t.survivor_id, t.absorbed_id)"),
    Part("decision", "incidents_decision"),
    Part("resolution", "incidents_timelineentry", "t.incident_id = %(incident)s and t.kind = 'resolution'"),
    Part(
        "entry",
        "incidents_timelineentry",
        "t.incident_id = %(incident)s and t.kind <> 'resolution'",
        leaves=True,
    ),
    Part("amendment", "incidents_entryamendment", _OF_ENTRY, leaves=True),
)


@OBSTACLES.register("merges")
def merges_that_can_be_undone(workspace_id: int, ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """Return both incidents of merges that can still be undone, which are not archived yet."""
    rows = Merge.objects.of(workspace_id).filter(state=Merge.State.ACTIVE, undo_until__gt=now)
    pairs = rows.filter(Q(survivor__in=ids) | Q(absorbed__in=ids)).values_list("survivor_id", "absorbed_id")
    return {pk: "its merge can still be undone" for pair in pairs for pk in pair}
