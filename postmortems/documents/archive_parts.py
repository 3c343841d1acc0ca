"""The postmortem and the action items of an incident, for its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from incidents.archive.parts import OBSTACLES, Part, add_parts
from postmortems.action_items.models import UNFINISHED
from postmortems.documents.models import Status
from postmortems.models import ActionItem, Postmortem

_OF_POSTMORTEM: Final[LiteralString] = (
    "exists (select 1 from postmortems_postmortem p"
    " where p.id = t.postmortem_id and p.incident_id = %(incident)s)"
)
add_parts(
    Part("postmortem", "postmortems_postmortem"),
    Part("section", "postmortems_section", _OF_POSTMORTEM),
    Part("approval", "postmortems_approval", _OF_POSTMORTEM),
    Part("comment", "postmortems_comment", _OF_POSTMORTEM),
    Part("lesson", "postmortems_lesson"),
    Part("action_item", "postmortems_actionitem"),
)


@OBSTACLES.register("postmortems")
def unfinished_postmortems(workspace_id: int, ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """Incidents with open action items or a postmortem in review."""
    reviews = Postmortem.objects.of(workspace_id).filter(incident_id__in=ids, status=Status.IN_REVIEW)
    items = ActionItem.objects.of(workspace_id).filter(incident_id__in=ids, status__in=UNFINISHED)
    return {
        **dict.fromkeys(reviews.values_list("incident_id", flat=True), "its postmortem is in review"),
        **dict.fromkeys(items.values_list("incident_id", flat=True), "it has open action items"),
    }
