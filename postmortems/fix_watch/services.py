"""Starts, evaluates and ends watches of completed action items."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor, system_actor
from incidents.models import AffectedComponent, Incident, IncidentSignal
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind
from postmortems.action_items.models import ActionItem, ItemKind, ItemStatus
from postmortems.action_items.services import update_item
from postmortems.fix_watch.matching import candidates, is_recurrence
from postmortems.fix_watch.models import FixWatch, Recurrence
from postmortems.notices.mentions import who_may_see
from postmortems.notices.people import managers_of, notify_members

GRACE: Final = timedelta(hours=1)  # time to roll out the fix
LENGTH: Final = timedelta(days=30)
Verdict = FixWatch.Verdict


def follow_item(workspace_id: int, *, item_id: int) -> FixWatch | None:
    """Start the watch of a completed item, or stop that of a reopened one. Idempotent."""
    with transaction.atomic():
        item = _locked_item(workspace_id, item_id)
        if item is None:
            return None
        watching = FixWatch.objects.of(workspace_id).filter(item=item, verdict=Verdict.WATCHING)
        if item.status != ItemStatus.DONE or item.completed_at is None:
            _end(watching.first(), Verdict.STOPPED)
            return None
        _end(watching.exclude(completed_at=item.completed_at).first(), Verdict.STOPPED)
        incident = item.incident
        if incident.is_drill:
            return None
        made, _ = FixWatch.objects.of(workspace_id).get_or_create(
            item=item,
            completed_at=item.completed_at,
            defaults={"workspace_id": workspace_id, **_watched(item, item.completed_at)},
        )
        watch: FixWatch = made
    return watch


def _locked_item(workspace_id: int, item_id: int) -> ActionItem | None:
    rows = ActionItem.objects.of(workspace_id).filter(pk=item_id).select_related("incident")
    found: ActionItem | None = rows.select_for_update(of=("self",)).first()
    return found


def _watched(item: ActionItem, done_at: datetime) -> dict[str, object]:
    workspace_id, incident_id = item.workspace_id, item.incident_id
    signals = IncidentSignal.objects.of(workspace_id).filter(incident_id=incident_id)
    affected = AffectedComponent.objects.of(workspace_id).filter(incident_id=incident_id)
    ends_at = done_at + GRACE + LENGTH
    return {
        "fingerprints": sorted(signals.values_list("fingerprint", flat=True)),
        "incident_type": item.incident.incident_type,
        "component_ids": sorted(affected.values_list("component_id", flat=True)),
        "starts_at": done_at + GRACE,
        "ends_at": ends_at,
        "due_at": ends_at,
    }


def _end(watch: FixWatch | None, verdict: str) -> None:
    if watch is not None:
        own = FixWatch.objects.of(watch.workspace_id).filter(pk=watch.pk, verdict=Verdict.WATCHING)
        own.update(verdict=verdict, state="done", settled_at=timezone.now())


def count_recurrences(workspace_id: int, *, incident_id: int, at: datetime) -> int:
    """Check all watches against an incident that opened, reopened or got a signal at `at`.

    Returns how many recurrences are new. Idempotent.
    """
    rows = Incident.objects.of(workspace_id).filter(pk=incident_id).select_related("merged_into")
    incident = rows.first()
    if incident is None:
        return 0
    found = [watch for watch in candidates(incident, at) if is_recurrence(watch, incident, at)]
    return sum(_record(watch, incident, at) for watch in found)


def _record(watch: FixWatch, incident: Incident, at: datetime) -> bool:
    actor = system_actor(watch.workspace_id)
    with transaction.atomic():
        item = _locked_item(watch.workspace_id, watch.item_id)
        if (
            item is None
            or Recurrence.objects.of(watch.workspace_id).filter(watch=watch, incident=incident).exists()
        ):
            return False
        Recurrence.objects.of(watch.workspace_id).create(
            workspace_id=watch.workspace_id, watch=watch, incident=incident, at=at
        )
        _end(watch, Verdict.RECURRED)
        reason = f"{incident.reference} had the same problem on {at:%Y-%m-%d %H:%M} UTC"
        reopens = item.kind == ItemKind.PREVENT and item.status == ItemStatus.DONE
        _write(actor, watch, item, incident, reason, reopens=reopens)
    return True


def _write(
    actor: Actor, watch: FixWatch, item: ActionItem, incident: Incident, reason: str, *, reopens: bool
) -> None:
    """Record a recurrence on the item, the timelines and notices, in the caller's transaction.

    An item of a private incident is named on that incident's timeline and to people who may see it, only.
    """
    if reopens:
        update_item(actor, item.number, status=ItemStatus.OPEN, reopened_reason=f"{reason}.")
    done = "reopened" if reopens else "flagged"
    message = f"{item.reference} “{item.title}” did not hold: {reason}. It was {done}."
    # The timeline of another incident, and its Slack room, have other readers.
    shown_on = {item.incident_id} if item.incident.is_private else {item.incident_id, incident.pk}
    for one in shown_on:
        add_system_entry(
            actor, incident_id=one, kind=EntryKind.POSTMORTEM, message=message,
            once=f"recurrence:{watch.pk}:{incident.pk}", item=item.number, recurred_in=incident.number,
        )  # fmt: skip
    managers = [] if item.incident.is_private else managers_of(item.workspace_id)
    people = [pk for pk in (item.assignee_id, *managers) if pk is not None]
    notify_members(
        item.workspace_id, who_may_see(item.incident, people), key=f"recurrence:{watch.pk}:{incident.pk}",
        kind="action_item.recurred", subject=f"{item.reference} {done}: the fix did not hold",
        lines=[f"{item.title}.", f"{reason}: {incident.title}."],
        path=f"/action-items/{item.reference}", why="A finished fix did not hold",
    )  # fmt: skip


def end_watch(workspace_id: int, *, watch: FixWatch) -> str:
    """End a watch with its verdict: recurred, held, or not observed."""
    if find_missed(workspace_id, watch=watch):
        return str(Verdict.RECURRED)
    verdict = Verdict.HELD if _was_watched(watch) else Verdict.UNWATCHED
    own = FixWatch.objects.of(workspace_id).filter(pk=watch.pk, verdict=Verdict.WATCHING)
    own.update(verdict=verdict)
    return str(verdict)


def find_missed(workspace_id: int, *, watch: FixWatch) -> bool:
    """Record an alert that recurred on an incident that stayed open. Returns whether one did."""
    missed = IncidentSignal.objects.of(workspace_id).filter(
        fingerprint__in=watch.fingerprints, last_at__gte=watch.starts_at, last_at__lt=watch.ends_at
    )
    for signal in missed.select_related("incident__merged_into").order_by("last_at", "pk")[:100]:
        if is_recurrence(watch, signal.incident, signal.last_at):
            _record(watch, signal.incident, signal.last_at)
            return True
    return False


def _was_watched(watch: FixWatch) -> bool:
    """Whether a detector could have noticed a recurrence: one reported the incident, or signals since."""
    if watch.fingerprints:
        return True
    signals = IncidentSignal.objects.of(watch.workspace_id).filter(
        incident__affected__component_id__in=watch.component_ids, last_at__gte=watch.starts_at
    )
    return bool(watch.component_ids) and signals.exists()
