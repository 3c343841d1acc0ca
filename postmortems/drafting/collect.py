"""Collects the facts of an incident for a draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Workspace
from incidents.links.selectors import related_incidents
from incidents.models import AffectedComponent, Incident, TimelineEntry
from incidents.sla.services.clocks import clocks_for
from incidents.vocabulary import SEVERITY_RANK, EntryKind, Severity, Stage
from postmortems.action_items.models import ActionItem
from postmortems.drafting import spans, timeline
from postmortems.drafting.evidence import first_events, measures, origins, pictures_of, sent_about
from postmortems.drafting.facts import Facts, ItemRow, SignatureRow
from postmortems.learning.models import Lesson
from postmortems.learning.selectors import factor_nodes_of
from postmortems.learning.tree import contributing, root_causes, why_rows
from postmortems.review.signatures import signature_rows

MAX_ENTRIES: Final = 500
LAST_ENTRIES: Final = 100  # of a longer timeline: its end is kept
MAX_RELATED: Final = 10


def collect(incident: Incident, postmortem: Any = None) -> Facts:
    """All facts of an incident, and of its postmortem if there is one."""
    entries, more = _entries(incident)
    start = incident.detected_at
    moments, more_moments = timeline.key_moments(entries)
    events = first_events(incident)
    nodes = factor_nodes_of(incident)
    return Facts(
        **_identity(incident, entries),
        **_lengths(incident),
        **_effects(incident),
        **_causes(incident, nodes),
        **_questions(incident, entries),
        description=incident.description or incident.title,
        course=timeline.course_of(entries, start),
        timeline=timeline.rows_of(entries, start),
        timeline_more=more,
        event_timeline=timeline.rows_with_events(entries, events, start, names_source=True),
        key_moments=timeline.rows_of(moments, start),
        key_moments_more=more_moments + more,
        sourced_moments=timeline.rows_with_events(moments, events, start),
        actions=timeline.actions_in(entries, start),
        resolution=timeline.resolution_in(entries, start),
        remediation=timeline.remediation_in(entries, start),
        messages=timeline.messages_in(entries, start, sent_about(incident)),
        attachments=(*pictures_of(incident), *timeline.bundles_in(entries)),
        verification=_verification(entries, start),
        items=_items(incident),
        related=_related(incident),
        lessons=_lessons(incident),
        signatures=_signatures(incident, postmortem),
        document_version=str(postmortem.revision) if postmortem else "",
        last_updated=f"{postmortem.updated_at.astimezone(UTC):%Y-%m-%d}" if postmortem else "",
        generated_at=f"{timezone.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )


def _entries(incident: Incident) -> tuple[list[TimelineEntry], int]:
    rows = TimelineEntry.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    relevant = rows.exclude(kind__in=(EntryKind.EVENT, EntryKind.POSTMORTEM))
    found = list(relevant.order_by("occurred_at", "id")[: MAX_ENTRIES + 1])
    if len(found) <= MAX_ENTRIES:
        return found, 0
    last = list(relevant.order_by("-occurred_at", "-id")[:LAST_ENTRIES])
    return found[: MAX_ENTRIES - LAST_ENTRIES] + last[::-1], relevant.count() - MAX_ENTRIES


def _identity(incident: Incident, entries: Sequence[TimelineEntry]) -> dict[str, Any]:
    zone = ZoneInfo(Workspace.objects.get(pk=incident.workspace_id).time_zone)
    local, utc = incident.detected_at.astimezone(zone), incident.detected_at.astimezone(UTC)
    stamp = f"{local:%Y-%m-%d %H:%M %Z}"
    return {
        "incident_id": incident.reference,
        "title": incident.title,
        "date": stamp if zone.key == "UTC" else f"{stamp} ({utc:%Y-%m-%d %H:%M} UTC)",
        "severity": _severity(incident, entries),
        "incident_type": incident.get_incident_type_display(),
        "summary": _summary(incident, entries),
    }


def _severity(incident: Incident, entries: Sequence[TimelineEntry]) -> str:
    had = {incident.severity}
    for entry in entries:
        if entry.kind == EntryKind.SEVERITY_CHANGE:
            had |= {str(entry.data.get("from")), timeline.moved_to(entry)} & set(Severity.values)
    highest = min(had, key=lambda one: SEVERITY_RANK[Severity(one)])
    shown = incident.get_severity_display()
    return shown if highest == incident.severity else f"{shown} (highest: {Severity(highest).label})"


def _summary(incident: Incident, entries: Sequence[TimelineEntry]) -> str:
    names = _component_names(incident)
    where = f" It affected {_listed(names)}." if names else ""
    start = f"{incident.detected_at.astimezone(UTC):%Y-%m-%d at %H:%M UTC}"
    drill = "This was a drill. " if incident.is_drill else ""
    first = f"{drill}{incident.reference}, “{incident.title}”, was detected on {start}.{where}"
    if incident.resolved_at is None:
        return f"{first} It is not resolved yet."
    ended = next((one.text for one in reversed(entries) if one.kind == EntryKind.RESOLUTION), "")
    lasted = spans.in_words(incident.resolved_at - incident.detected_at)
    last = f" It was resolved after {lasted}" + (
        f": {' '.join(ended.split()).rstrip('.')}." if ended else "."
    )
    return first + last


def _lengths(incident: Incident) -> dict[str, Any]:
    start = incident.detected_at
    to_detect = start - incident.started_at
    to_resolve = incident.resolved_at - start if incident.resolved_at else None
    to_acknowledge = incident.acknowledged_at - start if incident.acknowledged_at else None
    to_mitigate = incident.mitigated_at - start if incident.mitigated_at else None
    unresolved = "not resolved yet"
    return {
        "duration": spans.in_words(to_resolve) or unresolved,
        "mttd": spans.in_words(to_detect),
        "mttr": spans.in_words(to_resolve) or unresolved,
        "mttd_short": spans.short(to_detect),
        "mttr_short": spans.short(to_resolve) or unresolved,
        "mttd_seconds": spans.in_seconds(to_detect),
        "mttr_seconds": spans.in_seconds(to_resolve) or unresolved,
        "mtta": spans.in_words(to_acknowledge) or "not acknowledged",
        "time_to_mitigate": spans.in_words(to_mitigate) or "not mitigated apart",
    }


def _component_names(incident: Incident) -> list[str]:
    rows = AffectedComponent.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    return list(rows.order_by("component__name").values_list("component__name", flat=True))


def _effects(incident: Incident) -> dict[str, Any]:
    rows = AffectedComponent.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    named = rows.select_related("component").order_by("component__name")
    return {
        "components": ", ".join(
            f"{one.component.name} ({one.get_impact_display().lower()})" for one in named
        ),
        "impact": " ".join(incident.impact.split()),
        **measures(incident),
    }


def _causes(incident: Incident, nodes: Sequence[Any]) -> dict[str, Any]:
    causes = list(dict.fromkeys([*root_causes(nodes), *filter(None, [incident.root_cause.strip()])]))
    lines = causes if len(causes) < 2 else [f"- {' '.join(cause.split())}" for cause in causes]
    text = "\n".join(lines)
    seen = " ".join(origins(incident)) if text else ""
    return {
        "root_cause": text,
        "why": f"{text}\n\n{seen}".strip(),
        "factors": tuple(contributing(nodes)),
        "whys": tuple(why_rows(nodes)),
    }


def _questions(incident: Incident, entries: Sequence[TimelineEntry]) -> dict[str, Any]:
    late = timeline.late_updates(entries)
    questions = {"updates_question": f"{late} stakeholder updates were late: why?"} if late > 1 else {}
    if late == 1:
        questions = {"updates_question": "A stakeholder update was late: why?"}
    return questions | _acknowledge_question(incident)


def _acknowledge_question(incident: Incident) -> dict[str, str]:
    if incident.acknowledged_at is None:
        return {"acknowledge_question": "It was never acknowledged: why?"}
    took = incident.acknowledged_at - incident.detected_at
    limit = _acknowledge_limit(incident)
    words = f"Acknowledged in {spans.short(took)} (deadline {spans.short(limit)})"
    if took <= limit:
        return {"acknowledge_question": f"{words}: what made that work?"}
    return {"late_question": f"{words}: what delayed it?"}


def _acknowledge_limit(incident: Incident) -> timedelta:
    """The time allowed for acknowledging it: its own deadline, else the target of its workspace."""
    if incident.acknowledge_due_at is not None:
        return incident.acknowledge_due_at - incident.detected_at
    return timedelta(minutes=clocks_for(incident).acknowledge_within)


def _verification(entries: Sequence[TimelineEntry], start: datetime) -> tuple[str, ...]:
    moves = [entry for entry in entries if entry.kind == EntryKind.STAGE_CHANGE]
    found = [entry for entry in moves if timeline.moved_to(entry) == Stage.RECOVERY]
    return tuple(f"{timeline.moment(e.occurred_at, start)} {' '.join(e.text.split())}" for e in found)


def _items(incident: Incident) -> tuple[ItemRow, ...]:
    rows = ActionItem.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    live = rows.exclude(status="cancelled").select_related("assignee").order_by("number")
    return tuple(
        ItemRow(
            one.title,
            one.assignee.label if one.assignee else "Unassigned",
            one.get_priority_display(),
            one.due_date.isoformat() if one.due_date else "No date",
            one.get_status_display(),
            one.kind,
            one.status == "done",
            one.reference,
        )
        for one in live
    )


def _related(incident: Incident) -> tuple[str, ...]:
    """Linked and earlier incidents; private ones have other readers than the postmortem."""
    found = related_incidents(system_actor(incident.workspace_id), incident)
    public = [one for one in (*found.linked, *found.earlier) if not one.is_private]
    return tuple(f"{one.reference}: {one.title}" for one in public[:MAX_RELATED])


def _lessons(incident: Incident) -> tuple[str, ...]:
    rows = Lesson.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    return tuple(rows.order_by("id").values_list("lesson", flat=True))


def _signatures(incident: Incident, postmortem: Any) -> tuple[SignatureRow, ...]:
    return tuple(SignatureRow(*row) for row in signature_rows(incident, postmortem))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
