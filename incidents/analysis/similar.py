"""Similar past incidents and their resolutions.

Candidates are at most 200 incidents that share a message shape, and the newest of the same type; they are
ranked by the share of common shapes and by the similarity of their words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.prepared import rows
from incidents.models import Incident, TimelineEntry
from incidents.privacy.selectors import seen_by
from incidents.vocabulary import EntryKind, IncidentType

MAX_CANDIDATES: Final = 200
MAX_SAME_TYPE: Final = 50
SHOWN: Final = 5
MIN_SIMILARITY: Final = 0.4  # of the words, if no shape is shared
MAX_TEXT_CHARS: Final = 400

_ALIKE: Final[LiteralString] = """
with mine as (select shapes, essence from incidents_incidentessence where incident_id = %s::bigint),
candidate as (
  (select e.incident_id, e.shapes, e.essence from incidents_incidentessence e, mine
    where e.workspace_id = %s::bigint and e.incident_id <> %s::bigint and e.shapes && mine.shapes
    order by e.incident_id desc limit %s::int)
  union
  (select e.incident_id, e.shapes, e.essence
     from (select id from incidents_incident
            where workspace_id = %s::bigint and incident_type = %s::text and id <> %s::bigint
            order by detected_at desc, id desc limit %s::int) same
     join incidents_incidentessence e on e.incident_id = same.id)),
compared as (
  select c.incident_id, similarity(c.essence, mine.essence) as words,
         (select count(*) from (select unnest(c.shapes) intersect select unnest(mine.shapes)) x) as shared,
         cardinality(c.shapes) as theirs, cardinality(mine.shapes) as ours
    from candidate c, mine)
select incident_id, shared, words from compared
 where shared > 0 or words >= %s::real
 order by shared::real / greatest(1, theirs + ours - shared) + 0.5 * words desc, incident_id desc
 limit %s::int
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """A similar past incident: why it is similar, and its resolution ("" if none was written)."""

    incident: Incident
    shared_shapes: int
    words: float
    resolution: str

    @property
    def reason(self) -> str:
        """Return why it is shown."""
        if self.shared_shapes:
            plural = "" if self.shared_shapes == 1 else "s"
            return f"{self.shared_shapes} message template{plural} in common"
        return f"similar words ({100 * self.words:.0f} %)"

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "incident": self.incident.reference,
            "title": self.incident.title,
            "status": self.incident.status,
            "reason": self.reason,
            "shared_templates": self.shared_shapes,
            "resolution": self.resolution,
        }


def similar_incidents(actor: Actor, incident: Incident) -> list[Similar]:
    """Return at most five, most similar first. Three statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    kind = "" if incident.incident_type == IncidentType.OTHER else incident.incident_type
    home, pk = incident.workspace_id, incident.pk
    found = rows(_ALIKE, [pk, home, pk, MAX_CANDIDATES, home, kind, pk, MAX_SAME_TYPE, MIN_SIMILARITY, SHOWN])
    if not found:
        return []
    ids = [one for one, *_ in found]
    incidents = seen_by(actor).in_bulk(ids)
    texts = _resolutions(home, ids)
    return [
        Similar(incidents[one], shared, words, texts.get(one) or incidents[one].root_cause[:MAX_TEXT_CHARS])
        for one, shared, words in found
        if one in incidents and incidents[one].merged_into_id is None
    ]


def _resolutions(workspace_id: int, ids: Sequence[int]) -> Mapping[int, str]:
    """Return incident id -> message of its last resolution."""
    entries = TimelineEntry.objects.of(workspace_id).filter(incident_id__in=ids, kind=EntryKind.RESOLUTION)
    return {
        entry.incident_id: entry.message[:MAX_TEXT_CHARS]
        for entry in entries.order_by("id")
        if entry.data.get("said", True)
    }
