"""Explains one event: which rules it matched or missed, and which incident counts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid, NotFound
from core.reasons import Reason
from core.sql.prepared import rows
from detection.explain.misses import group_of, misses, most_in_window
from detection.ingest.parsing import key_of
from detection.ingest.services.retention import HIT_RETENTION
from detection.models import DetectionRule, Event, IncidentEvent
from detection.quarantine.refusal_reasons import REPEATED
from incidents.models import Incident
from incidents.privacy.selectors import seen_by

MAX_HITS: Final = 20_000
_RECEIVED: Final[LiteralString] = """
select received_at from detection_event_key where workspace_id = %s::bigint and key = %s::uuid
"""
_HITS: Final[LiteralString] = """
select occurred_at from detection_rule_hit
 where workspace_id = %s::bigint and rule_id = %s::bigint and group_key = %s::text and matches
   and occurred_at > %s::timestamptz and occurred_at < %s::timestamptz
 order by occurred_at limit %s::int
"""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """Result of one rule for the event: the reasons it does not count, or that it does and the outcome."""

    rule: DetectionRule
    reasons: Sequence[Reason]
    detail: str = ""

    @property
    def is_match(self) -> bool:
        """Return whether the event meets every condition of the current rule."""
        return Reason.RULE_MATCHED in self.reasons

    @property
    def words(self) -> str:
        """Return the reasons with their details."""
        text = ", ".join(str(reason.label) for reason in self.reasons)
        return f"{text}: {self.detail}" if self.detail else text


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event, every rule's result, matching ones first, and the incident that counts it."""

    event: Event
    verdicts: Sequence[RuleVerdict]
    incident: Incident | None
    on_repeat: Reason | None = None  # how the same event is handled when sent again; None: as a new one


def event_report(actor: Actor, *, pk: int | None = None, event_id: str = "") -> EventReport:
    """Return the report by our id, or by the event_id its sender chose. Raises Forbidden, Invalid, NotFound.

    An incident that the actor may not see is left out.
    """
    require(actor, Capability.RULES_READ)
    event = _event(actor.workspace_id, pk, event_id)
    link = IncidentEvent.objects.of(actor.workspace_id).filter(event_id=event.pk).first()
    incident = seen_by(actor).filter(pk=link.incident_id).first() if link else None
    rules = DetectionRule.objects.of(actor.workspace_id).order_by("rule_id")
    verdicts = [rule_verdict(event, rule) for rule in rules]
    on_repeat = REPEATED if event.received_at in _received(actor.workspace_id, event.event_id) else None
    return EventReport(event, sorted(verdicts, key=lambda one: not one.is_match), incident, on_repeat)


def _received(workspace_id: int, event_id: str) -> list[datetime]:
    """Return when an event with this event_id, chosen by its sender, was stored."""
    return [moment for (moment,) in rows(_RECEIVED, [workspace_id, key_of(event_id).hex()])]


def _event(workspace_id: int, pk: int | None, event_id: str) -> Event:
    if pk is None and not event_id:
        fault = FieldFault("event_id", "required", "is required without id")
        raise Invalid("Name the event by event_id or by id.", faults=[fault])
    events: QuerySet[Event] = Event.objects.of(workspace_id)
    if pk is not None:
        found = events.filter(pk=pk).first()
    else:
        received = _received(workspace_id, event_id)
        same = events.filter(event_id=event_id, received_at__in=received)
        found = same.first() if received else None
    if found is None:
        text = "it was never received, was refused (see the quarantine of its source), or is too old"
        raise NotFound(f"There is no such event in this workspace: {text}.")
    return found


def rule_verdict(event: Event, rule: DetectionRule) -> RuleVerdict:
    """Return the result of a rule, in its current version, for a stored event."""
    missed = misses(rule, event)
    if not rule.enabled:
        missed.insert(0, Reason.RULE_DISABLED)
    if rule.updated_at > event.received_at:
        missed.append(Reason.RULE_CHANGED)
    if set(missed) - {Reason.RULE_CHANGED}:
        return RuleVerdict(rule, missed)
    found = [Reason.RULE_MATCHED, *missed]
    if event.is_late:
        return RuleVerdict(rule, [*found, Reason.EVENT_LATE])
    if rule.dry_run:
        found.append(Reason.RULE_DRY_RUN)
    counted, detail = _counted(event, rule)
    if counted is not None and counted < rule.error_threshold:
        found.append(Reason.BELOW_THRESHOLD)
    return RuleVerdict(rule, found, detail)


def _counted(event: Event, rule: DetectionRule) -> tuple[int | None, str]:
    """Return the most events in any window with this one, while hits are stored."""
    at, width = event.occurred_at, timedelta(seconds=rule.time_window_seconds)
    given = [rule.workspace_id, rule.pk, group_of(rule, event), at - width, at + width, MAX_HITS]
    times: list[datetime] = [moment for (moment,) in rows(_HITS, given)]
    if at not in times:
        hours = int(HIT_RETENTION.total_seconds() // 3600)
        return None, f"what it was counted with is no longer stored (retention: {hours} hours)"
    most = most_in_window(times, at, width)
    return most, f"{most} of {rule.error_threshold} in {rule.time_window_seconds} s"
