"""Outbox events of incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, LiteralString

from django.conf import settings

from core.outbox.events import DomainEvent
from incidents.vocabulary import OVER, Status

# Snapshot of the incident for subscribers. `version` says whether they know a newer one.
_SNAPSHOT: Final[LiteralString] = """(
select jsonb_build_object(
         'incident_id', i.id, 'number', i.number, 'title', i.title, 'severity', i.severity,
         'status', i.status, 'stage', i.stage, 'type', i.incident_type, 'labels', i.labels,
         'category', i.category,
         'is_drill', i.is_drill, 'is_private', i.is_private,
         'viewers', case when i.is_private then coalesce((
           select jsonb_agg(p.viewer) from incidents_invitedperson p where p.incident_id = i.id), '[]') end,
         'version', i.version, 'opening', i.opening, 'event_count', i.event_count,
         'detected_at', i.detected_at, 'impact', i.impact,
         'url', f.payload->>'url',
         'components', coalesce((
           select jsonb_agg(c.name order by c.name) from incidents_affectedcomponent a
             join incidents_component c on c.id = a.component_id where a.incident_id = i.id), '[]'))
  from incidents_incident i where i.id = (f.payload->>'incident_id')::bigint)
"""

# Who may see an incident that an event names by its number, if it is private.
VIEWERS_BY_NUMBER: Final[LiteralString] = """(
select jsonb_build_object('viewers', coalesce((
         select jsonb_agg(p.viewer) from incidents_invitedperson p where p.incident_id = i.id), '[]'))
  from incidents_incident i
 where i.workspace_id = f.workspace_id and i.number = (f.payload->>'number')::int and i.is_private)
"""

# Who may see the incident, if it is private and the only one.
_VIEWERS: Final[LiteralString] = """(
select jsonb_build_object('viewers', coalesce((
         select jsonb_agg(p.viewer) from incidents_invitedperson p where p.incident_id = i.id), '[]'))
  from incidents_incident i
 where jsonb_array_length(f.payload->'numbers') = 1 and i.workspace_id = f.workspace_id
   and i.number = (f.payload->'numbers'->>0)::int and i.is_private)
"""


@dataclass(frozen=True)
class IncidentEvent(DomainEvent):
    """Event of one incident. `version` is the incident's after it.

    Of its live topics, "incidents" is for pages that list incidents as they are, "activity" for those with
    counts and history: events that merely join an incident, many times a second, do not signal it.
    """

    incident_id: int
    number: int
    version: int
    snapshot_sql: ClassVar[LiteralString] = _SNAPSHOT

    def payload(self) -> dict[str, Any]:
        """Add the URL of the incident's page."""
        return super().payload() | {"url": f"{settings.BASE_URL}/incidents/INC-{self.number}"}

    def live_topics(self) -> tuple[str, ...]:
        return ("incidents", "activity", f"incident:{self.number}")


@dataclass(frozen=True)
class IncidentOpened(IncidentEvent):
    """Detection opened it or someone declared it."""

    topic: ClassVar[str] = "incident.opened"
    severity: str
    source: str
    is_drill: bool = False


@dataclass(frozen=True)
class IncidentChanged(IncidentEvent):
    """Something visible changed that has no event of its own: title, impact, labels, components."""

    topic: ClassVar[str] = "incident.changed"


@dataclass(frozen=True)
class IncidentPrivacyChanged(IncidentEvent):
    """It was made private or visible to all members, or its invitations changed."""

    topic: ClassVar[str] = "incident.privacy_changed"
    is_private: bool
    live_for_all: bool = False  # so that it disappears from pages of those who can no longer see it


@dataclass(frozen=True)
class IncidentAcknowledged(IncidentEvent):
    """A person (`user_id`) or a machine acknowledged it."""

    topic: ClassVar[str] = "incident.acknowledged"
    user_id: int | None = None
    label: str = ""
    by_machine: bool = False


@dataclass(frozen=True)
class IncidentUnacknowledged(IncidentEvent):
    """Its acknowledgement was undone."""

    topic: ClassVar[str] = "incident.unacknowledged"


@dataclass(frozen=True)
class IncidentStatusChanged(IncidentEvent):
    """The status changed from `before` to `after`."""

    topic: ClassVar[str] = "incident.status_changed"
    before: str
    after: str
    is_public: bool = False


@dataclass(frozen=True)
class IncidentResolved(IncidentEvent):
    """It was resolved. Follows `incident.status_changed`."""

    topic: ClassVar[str] = "incident.resolved"

    def live_topics(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class IncidentReopened(IncidentEvent):
    """It was resolved or closed and is open again. Follows `incident.status_changed`."""

    topic: ClassVar[str] = "incident.reopened"

    def live_topics(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class IncidentClosed(IncidentEvent):
    """It was closed. Follows `incident.status_changed`."""

    topic: ClassVar[str] = "incident.closed"

    def live_topics(self) -> tuple[str, ...]:
        return ()


def status_events(
    ids: tuple[int, int, int, int], before: Status, after: Status, *, is_public: bool = False
) -> list[IncidentEvent]:
    """Return the change of status, and the event for its meaning, if there is one."""
    events: list[IncidentEvent] = [IncidentStatusChanged(*ids, before.value, after.value, is_public)]
    if before in OVER and after not in OVER:
        events.append(IncidentReopened(*ids))
    elif after == Status.RESOLVED:
        events.append(IncidentResolved(*ids))
    elif after == Status.CLOSED:
        events.append(IncidentClosed(*ids))
    return events


@dataclass(frozen=True)
class IncidentGrew(IncidentEvent):
    """An open incident became larger: more components are affected, or it has ten times the events."""

    topic: ClassVar[str] = "incident.grew"
    components: tuple[str, ...] = ()
    event_count: int | None = None

    def live_topics(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class SlaEvent(IncidentEvent):
    """An SLA clock of an incident: `clock` is acknowledge, update or resolve; `recipient_id` is reminded.

    message: the entry of the timeline.
    """

    clock: str
    generation: int
    deadline: str
    recipient_id: int | None = None
    message: str = ""


@dataclass(frozen=True)
class SlaWarned(SlaEvent):
    """80 % of the time is used."""

    topic: ClassVar[str] = "sla.warned"


@dataclass(frozen=True)
class SlaBreached(SlaEvent):
    """The deadline passed."""

    topic: ClassVar[str] = "sla.breached"


@dataclass(frozen=True)
class IncidentStageChanged(IncidentEvent):
    """The response changed from stage `before` to `after`."""

    topic: ClassVar[str] = "incident.stage_changed"
    before: str
    after: str


@dataclass(frozen=True)
class IncidentSeverityChanged(IncidentEvent):
    """The severity changed from `before` to `after`."""

    topic: ClassVar[str] = "incident.severity_changed"
    before: str
    after: str


@dataclass(frozen=True)
class IncidentRoleAssigned(IncidentEvent):
    """`user_id` has `role` from now on; None: unassigned."""

    topic: ClassVar[str] = "incident.role_assigned"
    role: str
    user_id: int | None


@dataclass(frozen=True)
class IncidentRoleOffered(IncidentEvent):
    """The holder of `role` offered it to another member."""

    topic: ClassVar[str] = "incident.role_offered"
    role: str
    offer_id: int
    from_user_id: int
    to_user_id: int


@dataclass(frozen=True)
class IncidentRoleOfferEnded(IncidentRoleOffered):
    """The offer was accepted, declined, withdrawn or expired."""

    topic: ClassVar[str] = "incident.role_offer_ended"
    answer: str = ""


@dataclass(frozen=True)
class IncidentEntryAmended(IncidentEvent):
    """An entry was edited, withdrawn or published. `is_public`: stakeholders saw it or see it now."""

    topic: ClassVar[str] = "incident.entry_amended"
    entry_id: int
    amendment: str
    is_public: bool = False


@dataclass(frozen=True)
class IncidentNoted(IncidentEvent):
    """A note (internal) or an update was added to the timeline."""

    topic: ClassVar[str] = "incident.noted"
    entry_id: int
    is_public: bool = False


@dataclass(frozen=True)
class IncidentSignalled(IncidentEvent):
    """Another detector's finding joined it."""

    topic: ClassVar[str] = "incident.signalled"
    reporter: str


@dataclass(frozen=True)
class IncidentEvidenceRecorded(IncidentEvent):
    """Detection computed new figures from the incident's events."""

    topic: ClassVar[str] = "incident.evidence_recorded"
    is_urgent: ClassVar[bool] = False

    def live_topics(self) -> tuple[str, ...]:
        return (f"incident:{self.number}",)


@dataclass(frozen=True)
class IncidentAnalysed(IncidentEvent):
    """A new revision of its analysis was written."""

    topic: ClassVar[str] = "incident.analysed"
    is_urgent: ClassVar[bool] = False
    category: str
    revision: int

    def live_topics(self) -> tuple[str, ...]:
        return (f"incident:{self.number}",)


@dataclass(frozen=True)
class IncidentRecoveryChecked(IncidentEvent):
    """The result of an exit criterion of its recovery changed."""

    topic: ClassVar[str] = "incident.recovery_checked"
    is_urgent: ClassVar[bool] = False

    def live_topics(self) -> tuple[str, ...]:
        return (f"incident:{self.number}",)


@dataclass(frozen=True)
class IncidentEventsJoined(DomainEvent):
    """Events were counted on these incidents: one event per batch, but one for each private incident."""

    topic: ClassVar[str] = "incident.events_joined"
    snapshot_sql: ClassVar[LiteralString] = _VIEWERS
    is_urgent: ClassVar[bool] = False
    numbers: tuple[int, ...]

    def live_topics(self) -> tuple[str, ...]:
        return ("incidents", *(f"incident:{number}" for number in self.numbers))


@dataclass(frozen=True)
class ComponentChanged(DomainEvent):
    """A person added a component to the catalogue or changed it."""

    topic: ClassVar[str] = "component.changed"
    component_id: int

    def live_topics(self) -> tuple[str, ...]:
        return ("components", f"component:{self.component_id}")
