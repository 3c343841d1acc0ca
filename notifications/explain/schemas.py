"""Schemas of the Explain API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from accounts.schemas import Moment
from core.reasons import Reason
from notifications.deliveries.models import DeliveryAttempt
from notifications.explain.report import Line
from notifications.explain.simulation import Simulation
from notifications.explain.unnamed import Absence


class ExplainedIncident(Schema):
    """`42`, `INC-42`, `inc-42` or `inc_00042`."""

    reference: str = Field(max_length=60, description="`42`, `INC-42` or `inc_00042`.")


class PersonPath(Schema):
    """A member by user name, or `me`."""

    username: str = Field(max_length=150, description="A member, or `me`.")


class PersonQuery(Schema):
    """How far back."""

    days: int = Field(7, description="1 to 30 days back.")


class SimulationQuery(Schema):
    """A simulated incident."""

    severity: str = Field("sev1", max_length=4)
    event_kind: str = Field("incident.opened", max_length=80)
    incident_type: str = Field("other", max_length=40)
    component: list[str] = Field(default_factory=list, max_length=50)
    label: list[str] = Field(default_factory=list, max_length=20, description="`key=value`.")
    at: Moment | None = Field(None, description="When; now unless given.")
    is_drill: bool = Field(False, description="Whether it is a drill.")


class KnownReasonOut(Schema):
    """A reason code."""

    reason: str = Field(description="Stable code.")
    text: str = Field(description="Its text.")


class AttemptLineOut(Schema):
    """One attempt to send, and its result."""

    number: int
    started_at: datetime
    result: str
    status: int | None
    detail: str


class DecisionOut(Schema):
    """A decision; for a planned delivery also its current state."""

    at: datetime
    stage: str = Field(description="detection, escalation, planning or sending.")
    verdict: str = Field(description="opened, joined, started, planned, muted, held, skipped, ended, failed.")
    reason: str = Field(description="A reason code.")
    text: str = Field(description="The reason in words, with the details of this case.")
    subject: str = Field(description="The detector, channel or person concerned.")
    event_kind: str
    incident_number: int | None = Field(None, description="The incident concerned.")
    delivery_id: int | None = Field(None, description="The delivery it planned.")
    outcome: str = Field("", description="Current state of that delivery.")
    attempts: list[AttemptLineOut] = Field(default_factory=list, description="Attempts, oldest first.")


class IncidentExplainOut(Schema):
    """Why an incident opened or was joined, and who was notified or not."""

    number: int
    opening: list[DecisionOut] = Field(description="Why it opened, and what joined it.")
    notifying: list[DecisionOut] = Field(description="Who was notified, who was not, oldest first.")
    is_cut: bool = Field(description="Whether there are more than these 500.")


class AbsenceOut(Schema):
    """An incident the person was not notified of."""

    number: int
    title: str
    reason: str = Field(description="A reason code.")
    text: str = Field(description="The reason in words.")


class PersonExplainOut(Schema):
    """Decisions about a person, and the incidents they were not notified of."""

    username: str
    since: datetime
    decisions: list[DecisionOut] = Field(description="Newest first.")
    not_notified: list[AbsenceOut] = Field(description="Incidents they were not notified of.")


class ChannelExplainOut(Schema):
    """One channel."""

    channel_id: int
    name: str
    is_notified: bool = Field(description="Whether it would be notified.")
    is_page: bool
    reason: str = Field(description="A reason code.")
    text: str = Field(description="The route, or what does not match or prevents it.")


class PagedPersonOut(Schema):
    """One person of a step."""

    username: str
    why: str = Field(description="Why they are named by the step.")
    ways: list[str] = Field(description="How they are reached; empty: they cannot be.")


class StepExplainOut(Schema):
    """One step of the escalation, while no one acknowledges."""

    at: datetime
    place: str = Field(description="Step and round.")
    people: list[PagedPersonOut] = Field(description="Whom it would page.")
    channels: list[str] = Field(description="Names of the channels it would page.")
    empty: list[str] = Field(description="Targets of the step that name no one.")


class SimulationOut(Schema):
    """Who would be notified."""

    muted: str = Field(description="What would mute everything; empty if nothing does.")
    channels: list[ChannelExplainOut] = Field(description="All channels of the workspace.")
    policy: str = Field(description="The matching escalation policy; empty without one.")
    steps: list[StepExplainOut]


def reason_json(reason: Reason) -> dict[str, str]:
    """The fields of `KnownReasonOut`."""
    return {"reason": reason.value, "text": str(reason.label)}


def line_json(line: Line, number: int | None) -> dict[str, Any]:
    """The fields of `DecisionOut`."""
    one, delivery = line.decision, line.delivery
    names = ("at", "stage", "verdict", "reason", "subject", "event_kind")
    return {name: getattr(one, name) for name in names} | {
        "text": one.words,
        "incident_number": number,
        "delivery_id": delivery.pk if delivery else None,
        "outcome": delivery.outcome if delivery else "",
        "attempts": [_attempt(attempt) for attempt in line.attempts],
    }


def _attempt(attempt: DeliveryAttempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in ("number", "started_at", "result", "status", "detail")}


def absence_json(one: Absence) -> dict[str, Any]:
    """The fields of `AbsenceOut`."""
    incident = one.incident
    return {"number": incident.number, "title": incident.title, "reason": one.reason, "text": one.words}


def simulation_json(simulation: Simulation) -> dict[str, Any]:
    """The fields of `SimulationOut`."""
    return {
        "muted": simulation.muted,
        "channels": [
            {
                "channel_id": one.channel.pk, "name": one.channel.name, "is_notified": one.is_notified,
                "is_page": one.is_page, "reason": one.reason, "text": one.detail,
            }
            for one in simulation.channels
        ],
        "policy": simulation.policy,
        "steps": [
            {
                "at": step.at, "place": step.place, "empty": list(step.empty),
                "people": [
                    {"username": user.username, "why": why, "ways": [way.name for way in ways]}
                    for user, why, ways in step.people
                ],
                "channels": [channel.name for channel in step.channels],
            }
            for step in simulation.steps
        ],
    }  # fmt: skip
