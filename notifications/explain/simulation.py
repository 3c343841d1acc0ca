"""Simulates who would be notified of an incident, by the same decisions as for real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid
from core.reasons import Reason
from incidents.components.models import Component
from incidents.vocabulary import IncidentType, Severity
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.contacts.ways import Way, ways_of
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.plan import Due, Target, best_match, timetable
from notifications.escalation.resolve import members_only, named_by, target_words
from notifications.escalation.state import plan_of
from notifications.routes.decision import EVENT_KINDS, ChannelDecision, decide_each
from notifications.routes.selectors import receivers_of, rules_of
from notifications.silences.muting import inhibiting, would_mute


@dataclass(frozen=True, slots=True)
class Question:
    """The incident to simulate, and when it happens."""

    at: datetime
    severity: str = Severity.SEV1
    event_kind: str = "incident.opened"
    incident_type: str = IncidentType.OTHER
    components: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    is_drill: bool = False

    @property
    def snapshot(self) -> dict[str, Any]:
        """The incident snapshot for the decisions."""
        return {
            "severity": self.severity, "type": self.incident_type, "components": list(self.components),
            "labels": dict(self.labels), "is_drill": self.is_drill, "title": "", "number": 0,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SimulatedChannel:
    """A channel: whether it would be notified, by which route, or what mutes or prevents it."""

    channel: Channel
    reason: Reason
    is_notified: bool
    is_page: bool
    detail: str


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """A step of the escalation: when, and whom it would page and how."""

    at: datetime
    place: str
    people: Sequence[tuple[User, str, Sequence[Way]]]
    channels: Sequence[Channel]
    empty: Sequence[str]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who would be notified. `muted`: what would mute everything; `policy`: "" without one."""

    question: Question
    muted: str
    channels: Sequence[SimulatedChannel]
    policy: str
    steps: Sequence[SimulatedStep]


def simulate(actor: Actor, question: Question) -> Simulation:
    """Simulate notifications, without changes. Raises Forbidden, Invalid."""
    require(actor, Capability.CHANNELS_READ)
    require(actor, Capability.ONCALL_READ)
    _check(question)
    workspace_id, snapshot = actor.workspace_id, question.snapshot
    muted = would_mute(workspace_id, snapshot, question.at)
    channels = {one.pk: one for one in Channel.objects.of(workspace_id).order_by("name", "pk")}
    decisions = decide_each(
        question.event_kind, snapshot, rules_of(workspace_id), receivers_of(list(channels.values()))
    )
    parent = "" if muted else _parent(workspace_id, snapshot)
    simulated = [_channel(channels[one.channel_id], one, question, muted, parent) for one in decisions]
    policy = _policy(workspace_id, question)
    steps = _steps(workspace_id, policy, question, channels) if policy else []
    return Simulation(question, muted, simulated, policy.name if policy else "", steps)


def _check(question: Question) -> None:
    known = {
        "severity": (question.severity, Severity.values),
        "incident_type": (question.incident_type, IncidentType.values),
        "event_kind": (question.event_kind, list(EVENT_KINDS)),
    }
    faults = [
        FieldFault(name, "choice", f"must be one of {', '.join(values)}")
        for name, (value, values) in known.items()
        if value not in values
    ]
    if faults:
        raise Invalid("Nothing was simulated.", faults=faults)


def _channel(
    channel: Channel, decision: ChannelDecision, question: Question, muted: str, parent: str
) -> SimulatedChannel:
    chosen = decision.chosen
    if chosen is None:
        return SimulatedChannel(channel, decision.reason, False, False, "; ".join(decision.missed[:10]))
    is_page = chosen.priority == 0
    if not CHANNEL_KINDS.get(channel.kind).accepts(question.event_kind):
        return SimulatedChannel(channel, Reason.KIND_UNWANTED, False, False, channel.kind)
    if muted:
        is_window = "maintenance window" in muted
        reason = Reason.MAINTENANCE if is_window else Reason.SILENCED
        return SimulatedChannel(channel, reason, False, is_page, muted)
    if parent and not is_page:
        return SimulatedChannel(channel, Reason.INHIBITED, False, is_page, parent)
    broken = f"; broken: {channel.reason}" if channel.state == Channel.State.BROKEN else ""
    return SimulatedChannel(channel, Reason.ROUTE_FITS, True, is_page, f"{chosen.why}{broken}")


def _parent(workspace_id: int, snapshot: Mapping[str, Any]) -> str:
    """The incident that would inhibit notices; a private one is not named."""
    found = inhibiting(workspace_id, 0, snapshot)
    if found is None:
        return ""
    return "a private incident" if found.is_private else found.reference


def _policy(workspace_id: int, question: Question) -> EscalationPolicy | None:
    rows = EscalationPolicy.objects.of(workspace_id).filter(is_enabled=True).prefetch_related("steps")
    found: EscalationPolicy | None = best_match(
        rows, severity=question.severity, type_=question.incident_type, components=question.components
    )
    return found


def _steps(
    workspace_id: int, policy: EscalationPolicy, question: Question, channels: Mapping[int, Channel]
) -> list[SimulatedStep]:
    plan = plan_of(policy)
    return [_step(workspace_id, due, question, channels) for due in timetable(plan)]


def _step(workspace_id: int, due: Due, question: Question, channels: Mapping[int, Channel]) -> SimulatedStep:
    at = question.at + timedelta(seconds=due.at_s)
    people: dict[int, tuple[User, str]] = {}
    empty, named = [], []
    for target in due.step.targets:
        if target.kind == "channel":
            found_channel = channels.get(target.id or 0)
            is_right = found_channel and found_channel.is_for_drills == question.is_drill
            named += [found_channel] if found_channel and is_right else []
            continue
        schedule_id = _schedule(workspace_id, target, question)
        found = members_only(workspace_id, named_by(workspace_id, target, schedule_id, at))
        if not found or question.is_drill:
            empty.append(target_words(target))
            continue
        for one in found:
            people.setdefault(one.pk, (one, target_words(target)))
    ways = ways_of(workspace_id, user_ids=list(people)) if people else {}
    notified = [(one, why, ways.get(pk, [])) for pk, (one, why) in people.items()]
    place = f"step {due.position + 1}, round {due.round + 1}"
    return SimulatedStep(at, place, notified, named, empty)


def _schedule(workspace_id: int, target: Target, question: Question) -> int | None:
    """The schedule of a target; by default that of the component with the highest tier."""
    if target.kind != "on_call" or target.id is not None:
        return target.id
    owned = Component.objects.of(workspace_id).filter(name__in=question.components, schedule__isnull=False)
    found: int | None = owned.order_by("tier", "id").values_list("schedule_id", flat=True).first()
    if found is not None:
        return found
    default = Workspace.objects.filter(pk=workspace_id)
    return default.values_list("default_schedule_id", flat=True).first()
