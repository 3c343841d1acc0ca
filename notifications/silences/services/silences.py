"""Creates, changes, checks and ends silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Forbidden, Invalid
from core.queue import items
from core.queue.models import Priority
from notifications.deliveries.planning import plan_page
from notifications.silences.locking import lock_quiet_times
from notifications.silences.matching import Matcher, matcher_faults, matchers_from
from notifications.silences.models import Silence
from notifications.silences.selectors import matching_incidents, silence_for
from notifications.silences.services.releasing import release

MAX_DURATION: Final = timedelta(days=30)
MIN_REASON_LENGTH: Final = 5
MAX_REASON_LENGTH: Final = 500
MAX_ACTIVE_SILENCES: Final = 500
NOTICE_BEFORE: Final = timedelta(minutes=10)
LOOK_EVERY: Final = timedelta(seconds=60)
MIN_IDLE_S: Final = 300


@dataclass(frozen=True)
class SilenceValues:
    """Values of a silence. Without `ends_at` it ends by `until_resolved` or `idle_s`, at the latest after
    30 days."""

    matchers: Sequence[Matcher]
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    until_resolved: bool = False
    idle_s: int | None = None
    includes_sev1: bool = False


def create_silence(actor: Actor, values: SilenceValues) -> Silence:
    """Create a silence. Raises Forbidden, Conflict, Invalid (fields)."""
    require(actor, Capability.SILENCES_WRITE)
    if values.includes_sev1:
        require_sev1(actor)
    now = timezone.now()
    starts_at = max(values.starts_at or now, now)
    ends_at = values.ends_at or starts_at + MAX_DURATION
    if faults := [*_faults(values, starts_at, ends_at)]:
        raise Invalid("The silence was not created.", faults=faults)
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        if Silence.objects.of(actor.workspace_id).filter(ended_at=None).count() >= MAX_ACTIVE_SILENCES:
            raise Conflict(f"At most {MAX_ACTIVE_SILENCES} silences may be active. End one first.")
        silence: Silence = Silence.objects.create(
            workspace_id=actor.workspace_id,
            matchers=[one.as_json() for one in values.matchers],
            includes_sev1=values.includes_sev1,
            owner_id=actor.user_id,
            reason=" ".join(values.reason.split()),
            starts_at=starts_at,
            ends_at=ends_at,
            until_resolved=values.until_resolved,
            idle_s=values.idle_s,
            due_at=starts_at,
        )
        shown = ", ".join(str(one) for one in values.matchers)
        summary = f"{actor.label} silenced {shown}: {silence.reason}"
        record(actor, action="silence.create", target=silence, summary=summary)
    return silence


def update_silence(actor: Actor, silence_id: int, **changes: Any) -> Silence:
    """Change fields of an active silence, except `starts_at`.

    Incidents that are no longer covered are notified once. Raises Forbidden, NotFound, Conflict, Invalid.
    """
    require(actor, Capability.SILENCES_WRITE)
    silence_for(actor, silence_id)
    now = timezone.now()
    with transaction.atomic():
        lock_quiet_times(actor.workspace_id)
        rows = Silence.objects.of(actor.workspace_id).select_for_update(no_key=True, of=("self",))
        silence: Silence = rows.get(pk=silence_id)
        if silence.ended_at is not None:
            raise Conflict("The silence has ended. Nothing was changed; create a new one.")
        before = _values_of(silence)
        values = replace(before, **changes)
        if silence.includes_sev1 or values.includes_sev1:
            require_sev1(actor)
        ends_at = values.ends_at or silence.ends_at
        if faults := [*_faults(values, silence.starts_at, ends_at)]:
            raise Invalid("The silence was not changed.", faults=faults)
        if values != before:
            _change(actor, silence, before, values, now)
    return silence


def _values_of(silence: Silence) -> SilenceValues:
    stored = {one.name: getattr(silence, one.name) for one in fields(SilenceValues)}
    return SilenceValues(**stored | {"matchers": matchers_from(silence.matchers)})


def _change(
    actor: Actor, silence: Silence, before: SilenceValues, values: SilenceValues, now: datetime
) -> None:
    names = [one.name for one in fields(values) if getattr(values, one.name) != getattr(before, one.name)]
    if "ends_at" in names:
        silence.noticed_at = None
    silence.matchers = [one.as_json() for one in values.matchers]
    silence.includes_sev1, silence.reason = values.includes_sev1, " ".join(values.reason.split())
    silence.ends_at, silence.until_resolved = values.ends_at or silence.ends_at, values.until_resolved
    silence.idle_s, silence.due_at = values.idle_s, max(silence.starts_at, now)
    silence.save()
    text = f"Still unresolved: the silence “{silence.reason}” no longer covers it."
    once = f"{silence.key}:{now:%Y%m%dT%H%M%S%f}"
    release(silence.workspace_id, silence.key, once=once, text=text, now=now, still=silence)
    summary = f"{actor.label} changed {', '.join(names)} of the silence: {silence.reason}"
    record(actor, action="silence.change", target=silence, summary=summary)


def require_sev1(actor: Actor) -> None:
    """Raise Forbidden unless the actor may silence SEV1."""
    try:
        require(actor, Capability.SILENCES_SEV1)
    except Forbidden as error:
        raise Forbidden("Only a manager may silence SEV1. Nothing was changed.") from error


def _faults(values: SilenceValues, starts_at: datetime, ends_at: datetime) -> list[FieldFault]:
    faults = matcher_faults(values.matchers, includes_sev1=values.includes_sev1)
    if not MIN_REASON_LENGTH <= len(" ".join(values.reason.split())) <= MAX_REASON_LENGTH:
        text = f"must have {MIN_REASON_LENGTH} to {MAX_REASON_LENGTH} characters"
        faults.append(FieldFault("reason", "length", text))
    if not (values.ends_at or values.until_resolved or values.idle_s):
        faults.append(FieldFault("ends_at", "required", "is required without until_resolved or idle_s"))
    if not starts_at < ends_at <= starts_at + MAX_DURATION:
        faults.append(FieldFault("ends_at", "range", "must be after the start, 30 days later at most"))
    if values.idle_s is not None and not MIN_IDLE_S <= values.idle_s <= MAX_DURATION.total_seconds():
        faults.append(FieldFault("idle_s", "range", f"must be {MIN_IDLE_S} to 2592000 seconds"))
    return faults


def end_silence(actor: Actor, silence_id: int) -> Silence:
    """End it now and notify of unresolved incidents. Idempotent. Raises Forbidden, NotFound."""
    require(actor, Capability.SILENCES_WRITE)
    silence_for(actor, silence_id)
    with transaction.atomic():
        lock_quiet_times(actor.workspace_id)
        rows = Silence.objects.of(actor.workspace_id).select_for_update(no_key=True, of=("self",))
        silence: Silence = rows.get(pk=silence_id)
        if silence.ended_at is None:
            if silence.includes_sev1:
                require_sev1(actor)
            _finish(silence, "ended manually", actor.label, timezone.now())
            summary = f"{actor.label} ended the silence: {silence.reason}"
            record(actor, action="silence.end", target=silence, summary=summary)
    return silence


def run_silence(workspace_id: int, item: Silence, *, now: datetime) -> None:
    """Check a claimed silence: end it, notify its owner that it is about to end, or wait."""
    with transaction.atomic():
        lock_quiet_times(workspace_id)
        rows = Silence.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        silence: Silence = rows.get(pk=item.pk)
        if silence.ended_at is not None:
            return
        if reason := _end_reason(silence, now):
            _finish(silence, reason, "", now)
            item.is_settled = True
            return
        _notice(silence, now)
        items.reschedule(item, min(silence.ends_at, now + LOOK_EVERY))


def _end_reason(silence: Silence, now: datetime) -> str:
    if now >= silence.ends_at:
        return "its end time was reached"
    if not (silence.until_resolved or silence.idle_s):
        return ""
    if matching_incidents(silence.workspace_id, silence):
        silence.last_matched_at = now
        silence.save(update_fields=["last_matched_at"])
        return ""
    if silence.until_resolved and silence.last_matched_at is not None:
        return "every matching incident is resolved"
    since = silence.last_matched_at or silence.starts_at
    if silence.idle_s and now >= since + timedelta(seconds=silence.idle_s):
        return f"nothing matched for {silence.idle_s // 60} minutes"
    return ""


def _finish(silence: Silence, reason: str, by: str, now: datetime) -> None:
    silence.ended_at, silence.end_reason, silence.ended_by = now, reason, by[:150]
    silence.state, silence.settled_at, silence.lease_until = Silence.State.DONE, now, None
    silence.save()
    text = f"Still unresolved: the silence “{silence.reason}” ended, because {reason}."
    release(silence.workspace_id, silence.key, once=silence.key, text=text, now=now)


def _notice(silence: Silence, now: datetime) -> None:
    """Notify the owner once, ten minutes before a silence of half an hour or more ends."""
    is_long = silence.ends_at - silence.starts_at >= 3 * NOTICE_BEFORE
    if silence.noticed_at or not is_long or now < silence.ends_at - NOTICE_BEFORE:
        return
    silence.noticed_at = now
    silence.save(update_fields=["noticed_at"])
    if silence.owner_id is None:
        return
    subject = f"Your silence ends at {silence.ends_at:%H:%M} UTC: {silence.reason}"
    plan_page(
        silence.workspace_id,
        user_id=silence.owner_id,
        event_key=f"silence-ends:{silence.pk}",
        event_kind="silence.ends",
        payload={"event_kind": "silence.ends", "subject": subject, "details": {"message": subject}},
        why="You own the silence",
        priority=Priority.NOTICE,
    )
