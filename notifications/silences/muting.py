"""Mutes deliveries at planning: by silences, maintenance windows and inhibition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import F

from core.queue.models import Priority
from core.reasons import Reason
from incidents.components.models import AffectedComponent, Component
from incidents.models import Incident
from incidents.vocabulary import OVER, SEVERITY_RANK, Impact, Severity
from notifications.deliveries.models import Delivery
from notifications.silences.matching import matchers_from, matches
from notifications.silences.models import Silence, WindowOccurrence

MAX_DEPENDENCY_STEPS: Final = 3
_OVER_KINDS: Final = frozenset({"incident.resolved", "incident.closed"})


class Muting(NamedTuple):
    """What mutes a delivery: its key, a sentence, and the reason."""

    key: str
    text: str
    reason: Reason


def mute(rows: Sequence[Delivery], now: datetime) -> None:
    """Settle deliveries covered by a silence, window or inhibition as muted. Must run in the transaction that
    stores them: it locks the silence, so that its end sees them."""
    by_incident: dict[int, list[Delivery]] = {}
    for row in rows:
        is_mutable = row.event_kind == "page" or row.event_kind.startswith(("incident.", "sla."))
        if row.incident_id and is_mutable and row.state == Delivery.State.PENDING:
            by_incident.setdefault(row.incident_id, []).append(row)
    for incident_id, found in by_incident.items():
        _mute_incident(incident_id, found, now)


def _mute_incident(incident_id: int, rows: list[Delivery], now: datetime) -> None:
    workspace_id = rows[0].workspace_id
    snapshot = rows[0].payload.get("snapshot") or {}
    notified = _already_sent(workspace_id, incident_id) if rows[0].event_kind in _OVER_KINDS else set()
    rest = [row for row in rows if row.destination not in notified]
    if not rest:
        return
    if verdict := _covering(workspace_id, snapshot, now):
        _settle(rest, verdict, now)
        return
    notices = [row for row in rest if row.priority != Priority.PAGE]
    if notices and (parent := inhibiting(workspace_id, incident_id, snapshot)):
        text = f"muted while INC-{parent.number} is open on a component it depends on"
        _settle(notices, Muting(f"inhibit:{parent.pk}", text, Reason.INHIBITED), now)


def _settle(rows: Sequence[Delivery], by: Muting, now: datetime) -> None:
    for row in rows:
        row.state, row.settled_at = Delivery.State.DONE, now
        row.outcome, row.reason_code = Delivery.Outcome.MUTED, by.reason
        row.muted_by, row.reason = by.key, by.text[:500]


def _already_sent(workspace_id: int, incident_id: int) -> set[str]:
    """Destinations that were notified of the incident, so they are notified of its end as well."""
    rows = Delivery.objects.of(workspace_id).filter(incident_id=incident_id)
    silent = (Delivery.Outcome.MUTED, Delivery.Outcome.SUPERSEDED, Delivery.Outcome.DEAD)
    return set(rows.exclude(outcome__in=silent).values_list("destination", flat=True))


def _covering(workspace_id: int, snapshot: Mapping[str, Any], now: datetime) -> Muting | None:
    """The silence or window that covers the incident, with its row locked."""
    for silence in active_silences(workspace_id, now):
        if covers(silence, snapshot) and (found := _lock_silence(silence, now)):
            until = f"{found.ends_at:%Y-%m-%d %H:%M} UTC"
            text = f"muted by the silence “{found.reason}” until {until}"
            return Muting(found.key, text, Reason.SILENCED)
    for one in running_occurrences(workspace_id, now):
        if covers(one.window, snapshot) and _lock_occurrence(one, now):
            until = f"{one.ends_at:%Y-%m-%d %H:%M} UTC"
            text = f"muted by the maintenance window “{one.window.name}” until {until}"
            return Muting(one.key, text, Reason.MAINTENANCE)
    return None


def would_mute(workspace_id: int, snapshot: Mapping[str, Any], now: datetime) -> str:
    """What would mute an incident that opens now, in words, or "". Read-only."""
    for silence in active_silences(workspace_id, now):
        if covers(silence, snapshot):
            return f"Muted by the silence “{silence.reason}”"
    for one in running_occurrences(workspace_id, now):
        if covers(one.window, snapshot):
            return f"Muted by the maintenance window “{one.window.name}”"
    return ""


def active_silences(workspace_id: int, now: datetime) -> list[Silence]:
    """Active silences, oldest first."""
    rows = Silence.objects.of(workspace_id).filter(ended_at=None, starts_at__lte=now, ends_at__gt=now)
    return list(rows.order_by("pk"))


def running_occurrences(workspace_id: int, now: datetime) -> list[WindowOccurrence]:
    """Running occurrences, oldest first."""
    rows = WindowOccurrence.objects.of(workspace_id).select_related("window")
    return list(rows.filter(ended_at=None, starts_at__lte=now, ends_at__gt=now).order_by("pk"))


def covers(rule: Any, snapshot: Mapping[str, Any]) -> bool:
    """Whether a silence or window covers the incident; SEV1 only if included explicitly."""
    if snapshot.get("severity") == Severity.SEV1 and not rule.includes_sev1:
        return False
    return matches(matchers_from(rule.matchers), snapshot)


def _lock_silence(silence: Silence, now: datetime) -> Silence | None:
    rows = Silence.objects.of(silence.workspace_id).filter(pk=silence.pk, ended_at=None, ends_at__gt=now)
    found: Silence | None = rows.select_for_update(no_key=True).first()
    if found is not None:
        rows.update(match_count=F("match_count") + 1, last_matched_at=now)
    return found


def _lock_occurrence(one: WindowOccurrence, now: datetime) -> bool:
    rows = WindowOccurrence.objects.of(one.workspace_id).filter(pk=one.pk, ended_at=None, ends_at__gt=now)
    return rows.select_for_update(no_key=True, of=("self",)).first() is not None


def inhibiting(workspace_id: int, incident_id: int, snapshot: Mapping[str, Any]) -> Incident | None:
    """The open SEV1 or SEV2 outage of a dependency that is at least as severe as the incident, or None."""
    names = list(snapshot.get("components") or ())
    above = _dependencies(workspace_id, names) if names else set()
    if not above:
        return None
    affected = AffectedComponent.objects.of(workspace_id).filter(
        component_id__in=above,
        restored_at=None,
        impact__in=(Impact.TOTAL_OUTAGE, Impact.PARTIAL_OUTAGE),
        incident__severity__in=(Severity.SEV1, Severity.SEV2),
        incident__merged_into=None,
    )
    open_ones = affected.exclude(incident__status__in=OVER).exclude(incident_id=incident_id)
    rank = SEVERITY_RANK[Severity(snapshot.get("severity") or Severity.SEV4)]
    open_ones = open_ones.exclude(incident__is_drill=True).select_related("incident")
    for one in open_ones.order_by("incident_id"):
        if SEVERITY_RANK[Severity(one.incident.severity)] <= rank:
            parent: Incident = one.incident
            return parent
    return None


def _dependencies(workspace_id: int, names: Sequence[str]) -> set[int]:
    """Dependencies of these components, up to three levels, without themselves."""
    rows = Component.objects.of(workspace_id)
    own = set(rows.filter(name__in=names).values_list("pk", flat=True))
    level, found = own, set[int]()
    for _ in range(MAX_DEPENDENCY_STEPS):
        step = rows.filter(pk__in=level).values_list("depends_on", flat=True)
        level = {pk for pk in step if pk is not None} - own - found
        if not level:
            break
        found |= level
    return found
