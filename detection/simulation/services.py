"""Simulates incidents: opens a drill with sample events of its type."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid
from detection.evaluation.services.report import link_events
from detection.ingest.services.accept_events import store_uncounted
from detection.rules.sample_events import read_events
from detection.simulation.samples import (
    DEFAULT_EVENTS,
    DEFAULT_SOURCE,
    DEFAULT_SPAN_S,
    MAX_EVENTS,
    MAX_SOURCES,
    MAX_SPAN_S,
    MIN_EVENTS,
    MIN_SPAN_S,
    TYPES,
    sample_events,
)
from incidents.correlation.detection_signals import JoinedEvents
from incidents.correlation.services.opening import add_joined_events, declare_incident
from incidents.models import Incident
from incidents.parsing import as_type
from incidents.selectors import incident_by_id
from incidents.validation import clean_line
from incidents.vocabulary import IncidentSource, IncidentType

LABEL: Final = "simulated"


@dataclass(frozen=True, slots=True)
class Simulation:
    """An incident to simulate: an empty `severity` is the default of the type."""

    incident_type: str
    severity: str = ""
    components: Sequence[str] = ()
    event_count: int = DEFAULT_EVENTS
    span_s: int = DEFAULT_SPAN_S


def simulated_events(actor: Actor, wanted: Simulation) -> list[dict[str, Any]]:
    """Return sample events as the events API accepts them; nothing is stored. Raises Forbidden, Invalid."""
    require(actor, Capability.INCIDENTS_READ)
    return _events(wanted, _type(wanted.incident_type))


def simulate_incident(
    actor: Actor, wanted: Simulation, *, source: str = IncidentSource.DECLARED, request_key: str = ""
) -> Incident:
    """Open a drill of a type with sample events; rules do not count them, and no one is paged.

    A repeat of `request_key` by the same actor returns the first drill. Raises Forbidden, and Invalid naming
    the field.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    kind = _type(wanted.incident_type)
    events = _events(wanted, kind)
    for event in events:
        event["event_id"] = f"sim-{uuid.uuid4()}"
    samples = [one.event for one in read_events(events, now=timezone.now())]
    with transaction.atomic():
        drill = declare_incident(
            actor,
            title=_title(kind, wanted.components),
            severity=wanted.severity or None,
            incident_type=kind,
            description=f"A simulated incident with {len(events)} sample events. No service is affected.",
            components=wanted.components,
            labels={LABEL: "yes"},
            source=source,
            started_at=samples[0].occurred_at,
            is_drill=True,
            request_key=request_key,
        )
        if not drill.event_count:
            stored = store_uncounted(actor.workspace_id, samples)
            times = {stored[one.event_id]: one.occurred_at for one in samples}
            link_events(actor.workspace_id, {pk: (drill.pk, at) for pk, at in times.items()})
            add_joined_events(
                actor.workspace_id, [JoinedEvents(drill.pk, len(times), max(times.values()), ())]
            )
        return incident_by_id(actor.workspace_id, drill.pk)


def _type(word: str) -> IncidentType:
    kind = as_type(word)
    if kind == IncidentType.OTHER:
        raise _refused("incident_type", "choice", f"must be one of {', '.join(TYPES)}")
    return kind


def _events(wanted: Simulation, kind: IncidentType) -> list[dict[str, Any]]:
    if len(wanted.components) > MAX_SOURCES:
        raise _refused("components", "max_items", f"must be at most {MAX_SOURCES} names")
    sources = [clean_line(f"components[{n}]", name) for n, name in enumerate(wanted.components)]
    _within("event_count", wanted.event_count, MIN_EVENTS, MAX_EVENTS)
    _within("time_span_seconds", wanted.span_s, MIN_SPAN_S, MAX_SPAN_S)
    until = timezone.now() - timedelta(seconds=1)
    names = sources or [DEFAULT_SOURCE]
    return sample_events(kind, sources=names, count=wanted.event_count, span_s=wanted.span_s, until=until)


def _within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise _refused(field, "range", f"must be a whole number from {least} to {most}")


def _title(kind: IncidentType, components: Sequence[str]) -> str:
    where = f" in {', '.join(components)}" if components else ""
    return f"Drill: {kind.label.lower()}{where}"[:200]


def _refused(field: str, rule: str, message: str) -> Invalid:
    return Invalid("Nothing was simulated.", faults=[FieldFault(field, rule, message)])
