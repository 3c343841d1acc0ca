"""Figures measured by detection about an incident, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from incidents.attachments.models import Attachment
from incidents.models import Incident, IncidentEvidence
from incidents.vocabulary import IncidentType
from notifications.deliveries.models import Delivery
from postmortems.drafting.facts import FirstEvent, Sent

Outcome = Delivery.Outcome
MAX_PICTURES: Final = 50
MAX_DELIVERIES: Final = 500
MAX_RECIPIENTS: Final = 6

NOT_CARRIED: Final = "Not measured: no event carried it"
# Fact -> measure names in events, and the unit.
MEASURES: Final[Mapping[str, tuple[Sequence[str], str]]] = {
    "cpu_usage": (("cpu_percent", "cpu_usage_percent", "cpu_usage", "cpu"), "%"),
    "memory_usage": (("memory_percent", "memory_usage_percent", "memory_usage", "memory"), "%"),
    "disk_usage": (("disk_percent", "disk_usage_percent", "disk_usage", "disk"), "%"),
    "response_time": (("duration_ms", "response_time_ms", "latency_ms", "response_time"), " ms"),
}
# Incident type -> the fact that a usage of something unnamed (`usage_percent`) is about.
USED: Final[Mapping[str, str]] = {
    IncidentType.MEMORY_EXHAUSTION: "memory_usage", IncidentType.DISK_SPACE_LOW: "disk_usage",
}  # fmt: skip


def measures(incident: Incident) -> dict[str, str]:
    """Event count, peak error rate, people affected, and measures before and after."""
    rows = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    found: IncidentEvidence | None = rows.first()
    people = incident.users_impacted if incident.users_impacted is not None else _people(found)
    before, after = (found.metrics_before, found.metrics_after) if found else ({}, {})
    return {
        "event_count": str(max(incident.event_count, found.event_count if found else 0)),
        "peak_error_rate": _rate(found),
        "users_impacted": "" if people is None else f"{people:,}",
        **{
            fact: _pair(before, after, (*names, *_unnamed(incident, fact)), unit)
            for fact, (names, unit) in MEASURES.items()
        },
    }


def _unnamed(incident: Incident, fact: str) -> Sequence[str]:
    return ("usage",) if USED.get(incident.incident_type) == fact else ()


def origins(incident: Incident) -> list[str]:
    """Sentences about the first and the most frequent origin of errors."""
    rows = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    found: IncidentEvidence | None = rows.first()
    if found is None:
        return []
    lines = [f"The first errors came from {found.first_source}."] if found.first_source else []
    if found.primary_type:
        lines.append(f"The most frequent error was {found.primary_type}, mostly from {found.primary_source}.")
    return lines


def first_events(incident: Incident) -> list[FirstEvent]:
    """The first event of each source and event type, oldest first."""
    rows = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    found: list[dict[str, str]] = next(iter(rows.values_list("first_events", flat=True)), [])
    return [
        FirstEvent(datetime.fromisoformat(one["at"]), one["source"], one["message"] or one["event_type"])
        for one in found
    ]


def _people(found: IncidentEvidence | None) -> int | None:
    return found.people_affected if found else None


def _rate(found: IncidentEvidence | None) -> str:
    if found is None or found.peak_error_rate is None:
        return "Not measured"
    at = f" at {found.peak_at:%H:%M} UTC" if found.peak_at else ""
    return f"{found.peak_error_rate:.0f}%{at} ({found.error_count} errors in all)"


def _pair(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str], unit: str) -> str:
    for name in names:
        values = [one.get(name) for one in (before, after)]
        if any(value is not None for value in values):
            then, now = (_value(value, unit) for value in values)
            return f"{then} before, {now} after"
    return NOT_CARRIED


def _value(value: Any, unit: str) -> str:
    number = value.get("mean") if isinstance(value, Mapping) else value
    return f"{float(number):.0f}{unit}" if isinstance(number, int | float) else "not measured"


def pictures_of(incident: Incident) -> tuple[str, ...]:
    """Stored images as Markdown, oldest first."""
    rows = Attachment.objects.of(incident.workspace_id).filter(incident=incident).order_by("pk")
    return tuple(
        f"![{_words(name)}](/attachments/{pk})" for pk, name in rows.values_list("pk", "name")[:MAX_PICTURES]
    )


def sent_about(incident: Incident) -> tuple[Sent, ...]:
    """Notifications of an incident, one line per event and kind of channel."""
    rows = Delivery.objects.of(incident.workspace_id).filter(
        incident_id=incident.pk, outcome__in=(Outcome.SENT, Outcome.MERGED, Outcome.DEAD, Outcome.UNKNOWN)
    )
    named = rows.exclude(event_kind__startswith="postmortem.").exclude(event_kind__startswith="action_item.")
    grouped: dict[tuple[str, str], list[Delivery]] = {}
    for one in named.select_related("channel", "method").order_by("created_at", "pk")[:MAX_DELIVERIES]:
        grouped.setdefault((one.event_key, _medium(one)), []).append(one)
    return tuple(_sent(medium, group) for (_, medium), group in grouped.items())


def _medium(one: Delivery) -> str:
    found = one.channel or one.method
    return (
        str(found.get_kind_display() if hasattr(found, "get_kind_display") else found.kind)
        if found
        else "mail"
    )


def _sent(medium: str, group: Sequence[Delivery]) -> Sent:
    first = group[0]
    words = first.event_kind.removeprefix("incident.").replace("_", " ").replace(".", " ").capitalize()
    people = [
        one.label + (" (not delivered)" if one.outcome == Outcome.DEAD else "")
        for one in group[:MAX_RECIPIENTS]
    ]
    more = [f"{len(group) - MAX_RECIPIENTS} more"] if len(group) > MAX_RECIPIENTS else []
    return Sent(first.created_at, medium.capitalize(), words, ", ".join([*people, *more]))


def _words(name: str) -> str:
    return name.replace("[", "(").replace("]", ")")
