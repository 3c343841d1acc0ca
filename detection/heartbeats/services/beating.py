"""Records beats, and finds missing heartbeats."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from accounts.actor import system_actor
from core.errors import Conflict
from core.heartbeat import database as database_heartbeat
from core.heartbeat.database import WEB
from core.queue import items
from detection.heartbeats.models import Heartbeat, HeartbeatWatch
from detection.heartbeats.selectors import down_counts
from detection.webhooks.alerts.alert_records import current_incident
from detection.webhooks.alerts.alert_text import still_open
from detection.webhooks.services.alert_rows import firing_counts
from incidents.correlation.detection_signals import Signal
from incidents.correlation.services.alerts import note_alert
from incidents.correlation.services.opening import report_signals
from incidents.lifecycle.services.incident_numbers import lock_counter
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Incident
from incidents.vocabulary import Basis, IncidentSource, IncidentType, Severity

LOOK_EVERY: Final = timedelta(seconds=5)
# A longer gap between checks, or without a web process's heartbeat, is an outage of Tocsin: no beat could
# arrive.
OUTAGE: Final = timedelta(seconds=15)
MAX_AT_ONCE: Final = 200
Status = Heartbeat.Status


def record_beat(workspace_id: int, heartbeat_id: int, *, now: datetime) -> Heartbeat:
    """Record a beat: the monitor is up, which may resolve its incident. A paused one stays paused."""
    with transaction.atomic():
        rows = Heartbeat.objects.of(workspace_id).select_for_update(no_key=True)
        found: Heartbeat = rows.get(pk=heartbeat_id)
        found.last_beat_at = now
        recovered = found.incident_id
        if found.status != Status.PAUSED:
            found.status, found.due_at = Status.UP, now + timedelta(seconds=found.period_s)
            found.incident_id = None
        found.save()
        if recovered is not None and found.status == Status.UP:
            _recover(found, recovered)
    return found


def _recover(heartbeat: Heartbeat, incident_id: int) -> None:
    """Resolve its incident, or the one that was merged into, unless there is another reason to keep it open.

    These are other heartbeats that are down, alerts that fire, and a declaration by a person. The recovery is
    then added to the timeline.
    """
    workspace_id = heartbeat.workspace_id
    lock_counter(workspace_id)  # of two that recover at once, the second sees the first
    rows = Incident.objects.of(workspace_id).select_related("merged_into")
    incident = current_incident(rows.filter(pk=incident_id).first())
    if incident is None or not incident.is_unresolved:
        return
    down = down_counts(workspace_id, [incident.pk]).get(incident.pk, 0)
    firing = firing_counts(workspace_id, [incident.pk])[incident.pk]
    message = f"The heartbeat {heartbeat.name} is back.{still_open(firing, down)}"
    actor = system_actor(workspace_id)
    with contextlib.suppress(Conflict):  # a person was first
        if down or firing or incident.source != IncidentSource.DETECTED:
            note_alert(actor, incident_id=incident.pk, message=message)
        else:
            resolve_incident(actor, incident_id=incident.pk, message=message)


def look(workspace_id: int, item: HeartbeatWatch, *, now: datetime) -> None:
    """Move due monitors from up to late and from late to down; extend deadlines by an outage of Tocsin.

    While no web process sends a heartbeat, beats cannot arrive: nothing changes, and active monitors are
    extended when one is back.
    """
    with transaction.atomic():
        rows = HeartbeatWatch.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        watch: HeartbeatWatch = rows.get(pk=item.pk)
        web_age = database_heartbeat.age(WEB)
        reachable_at = now - timedelta(seconds=web_age or 0.0)
        if now - reachable_at > OUTAGE:
            items.reschedule(item, now + LOOK_EVERY)
            return
        away = reachable_at - watch.looked_at - LOOK_EVERY
        if away > OUTAGE:
            running = Heartbeat.objects.of(workspace_id).filter(
                due_at__gt=watch.looked_at, last_beat_at__lte=watch.looked_at + OUTAGE
            )
            running.update(due_at=F("due_at") + away)
        HeartbeatWatch.objects.of(workspace_id).filter(pk=item.pk).update(looked_at=reachable_at)
        due = Heartbeat.objects.of(workspace_id).select_for_update(no_key=True)
        due = due.filter(due_at__lte=now, status__in=(Status.UP, Status.LATE))
        silent = [one for one in due.order_by("pk")[:MAX_AT_ONCE] if _passes(one, now)]
        _open(workspace_id, silent, now)
        items.reschedule(item, now + LOOK_EVERY)


def _passes(heartbeat: Heartbeat, now: datetime) -> bool:
    """Advance one that is due; returns True when it is down now."""
    if heartbeat.status == Status.UP and heartbeat.due_at is not None:
        heartbeat.status = Status.LATE
        heartbeat.due_at += timedelta(seconds=heartbeat.grace_s)
    if heartbeat.due_at is not None and heartbeat.due_at <= now:
        heartbeat.status, heartbeat.due_at = Status.DOWN, None
    heartbeat.save()
    return heartbeat.status == Status.DOWN


def _open(workspace_id: int, silent: list[Heartbeat], now: datetime) -> None:
    outcomes = report_signals(workspace_id, [_signal(one, now) for one in silent], now=now)
    for heartbeat, outcome in zip(silent, outcomes, strict=True):
        heartbeat.incident_id = outcome.incident_id
        heartbeat.save(update_fields=["incident_id"])


def _signal(heartbeat: Heartbeat, now: datetime) -> Signal:
    last = heartbeat.last_beat_at or now
    text = f"No beat since {last:%Y-%m-%d %H:%M:%S} UTC; one is due every {heartbeat.period_s} s"
    return Signal(
        fingerprint=hashlib.sha256(f"heartbeat:{heartbeat.pk}".encode()).hexdigest(),
        reporter=f"heartbeat:{heartbeat.name}",
        incident_type=IncidentType.SERVICE_DOWN,
        type_basis=Basis.EVENT_TYPE,
        severity=Severity(heartbeat.severity),
        severity_basis=Basis.EVENT_TYPE,
        title=f"Heartbeat missed: {heartbeat.name}",
        description=f"{text}, with {heartbeat.grace_s} s of grace.",
        started_at=last,
        last_at=now,
        event_count=0,
        components=(heartbeat.component,),
        note=f"{text}.",
    )
