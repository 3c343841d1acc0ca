"""Plans deliveries: rows only, each once for an event and a destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from core.queue.models import Priority
from core.queue.runner import nudge_queue
from incidents.drills.selectors import people_in_drill
from incidents.privacy.invitations import invite_paged
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.contacts.quiet import quiet_end_of
from notifications.contacts.ways import Way, ways_of, ways_to
from notifications.deliveries.models import Delivery
from notifications.queues import NOTICE, PAGE
from notifications.routes.decision import Chosen, decide
from notifications.routes.selectors import receivers_of, rules_of
from notifications.silences.muting import mute

GROUP_S: Final = 30
DRILL_KINDS: Final = frozenset({"drill.planned"})  # events of drills without an incident


@dataclass(frozen=True)
class Fact:
    """What happened, as deliveries keep it. `key` names it once and for all."""

    workspace_id: int
    key: str
    event_kind: str
    payload: Mapping[str, Any]

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """The incident as it was, or empty."""
        return self.payload.get("snapshot") or {}

    @property
    def is_private(self) -> bool:
        """Whether only the people invited to the incident may hear of it."""
        return bool(self.snapshot.get("is_private"))

    @property
    def is_drill(self) -> bool:
        """Whether it belongs to an exercise."""
        return bool(self.snapshot.get("is_drill") or self.event_kind in DRILL_KINDS)


def plan_event(fact: Fact) -> int:
    """Plan what the routes say, and "resolved" for all who were paged. Returns how many are new.

    Of a private incident no channel hears, only the people who were paged for it.
    """
    if fact.is_private:
        return store(_for_all_paged(fact, {})) if fact.event_kind == "incident.resolved" else 0
    channels = list(Channel.objects.of(fact.workspace_id).select_related("fallback"))
    chosen = decide(fact.event_kind, fact.snapshot, rules_of(fact.workspace_id), receivers_of(channels))
    by_id = {channel.pk: channel for channel in channels}
    rows = [row for one in chosen for row in _for_channel(fact, by_id[one.channel_id], one)]
    if fact.event_kind == "incident.resolved":
        rows += _for_all_paged(fact, by_id)
    return store(rows)


def _for_channel(fact: Fact, channel: Channel, chosen: Chosen) -> Iterable[Delivery]:
    kind = CHANNEL_KINDS.get(channel.kind)
    if not kind.wants(fact.event_kind):
        return
    for recipient in kind.recipients(channel.config):
        yield to_channel(fact, channel, recipient, priority=chosen.priority, why=f"Route: {chosen.why}")
    fallback = channel.fallback
    if channel.state == Channel.State.BROKEN and chosen.priority == Priority.PAGE and fallback:
        for recipient in CHANNEL_KINDS.get(fallback.kind).recipients(fallback.config):
            why = f"Fallback: {channel.name} is broken"
            yield to_channel(fact, fallback, recipient, priority=chosen.priority, why=why)


def to_channel(
    fact: Fact, channel: Channel, recipient: str, *, priority: int, why: str, **more: Any
) -> Delivery:
    """A delivery to one recipient of a channel, not yet stored."""
    incident_id = fact.snapshot.get("incident_id")
    return Delivery(
        workspace_id=fact.workspace_id,
        event_key=fact.key[:200],
        event_kind=fact.event_kind,
        destination=f"channel:{channel.pk}:{recipient}"[:200],
        label=(f"{channel.name} ({recipient})" if recipient else channel.name)[:200],
        incident_id=incident_id,
        incident_number=fact.snapshot.get("number"),
        channel=channel,
        recipient=recipient,
        lane=CHANNEL_KINDS.get(channel.kind).lane(fact.workspace_id, incident_id, channel.pk)[:255],
        priority=priority,
        payload=dict(fact.payload),
        why=why[:200],
        **more,
    )


def to_person(fact: Fact, way: Way, *, priority: int, why: str) -> Delivery:
    """A delivery to a person by one of the ways to reach them, not yet stored."""
    return Delivery(
        workspace_id=fact.workspace_id,
        event_key=fact.key[:200],
        event_kind=fact.event_kind,
        destination=way.destination,
        label=f"{way.person}: {way.name}"[:200],
        incident_id=fact.snapshot.get("incident_id"),
        incident_number=fact.snapshot.get("number"),
        user_id=way.user_id,
        method=way.method,
        priority=priority,
        payload=dict(fact.payload),
        why=why[:200],
    )


def _for_all_paged(fact: Fact, channels: Mapping[int, Channel]) -> list[Delivery]:
    """One notice for each destination that ever got a page of this incident, whatever the routes say now.

    A person who was paged hears of it by the ways that reach them now.
    """
    paged = (
        Delivery.objects.of(fact.workspace_id)
        .filter(incident_id=fact.snapshot.get("incident_id"), priority=Priority.PAGE)
        .exclude(outcome__in=(Delivery.Outcome.SUPERSEDED, Delivery.Outcome.MUTED))
    )
    why = "Was paged for this incident"
    rows: dict[str, Delivery] = {}
    for one in paged.order_by("id"):
        channel = channels.get(one.channel_id or 0)
        if channel is not None and channel.is_enabled:
            is_page = CHANNEL_KINDS.get(channel.kind).is_always_page
            priority = Priority.PAGE if is_page else Priority.NOTICE
            rows[one.destination] = to_channel(fact, channel, one.recipient, priority=priority, why=why)
    people = {pk for pk in paged.values_list("user_id", flat=True) if pk is not None}
    ways = ways_of(fact.workspace_id, user_ids=sorted(people)) if people else {}
    for way in (way for found in ways.values() for way in found):
        rows[way.destination] = to_person(fact, way, priority=Priority.NOTICE, why=why)
    return list(rows.values())


def plan_page(
    workspace_id: int,
    *,
    user_id: int,
    event_key: str,
    event_kind: str,
    payload: Mapping[str, Any],
    why: str,
    priority: int = Priority.PAGE,
) -> int:
    """Plan a page (or a notice, by `priority`) to a member by every way of `ways_to`.

    payload: as `as_payload` makes it. event_key names the step once: planned again, nothing changes. Returns
    how many deliveries are new; 0 also when there is no way to reach them. Whoever is paged for
    a private incident may see it from then on. Of a drill, only those who take part hear.
    """
    fact = Fact(workspace_id, event_key, event_kind, payload)
    if fact.is_drill and user_id not in people_in_drill(workspace_id, fact.snapshot["incident_id"]):
        return 0
    if fact.is_private:
        invite_paged(workspace_id, fact.snapshot["incident_id"], user_id)
    ways = ways_to(workspace_id, user_id)
    return store([to_person(fact, way, priority=priority, why=why) for way in ways])


def plan_to_channel(
    workspace_id: int,
    *,
    channel_id: int,
    event_key: str,
    event_kind: str,
    payload: Mapping[str, Any],
    why: str,
    priority: int = Priority.PAGE,
) -> int:
    """Plan a page to a channel, such as a step of a policy. Returns how many deliveries are new.

    Channels do not hear of private incidents; of drills, channels for drills alone.
    """
    channel = Channel.objects.of(workspace_id).filter(pk=channel_id, is_enabled=True).first()
    fact = Fact(workspace_id, event_key, event_kind, payload)
    if channel is None or fact.is_private or channel.is_for_drills != fact.is_drill:
        return 0
    recipients = CHANNEL_KINDS.get(channel.kind).recipients(channel.config)
    return store([to_channel(fact, channel, one, priority=priority, why=why) for one in recipients])


def as_payload(event_kind: str, event_payload: Mapping[str, Any], sequence: int) -> dict[str, Any]:
    """What a delivery keeps of an outbox event: kind, snapshot, actor, and the event's own fields."""
    known = {"live", "schema", "actor", "snapshot", "url", "incident_id", "number", "version"}
    return {
        "event_kind": event_kind,
        "sequence": sequence,
        "snapshot": event_payload.get("snapshot"),
        "actor": event_payload.get("actor"),
        "details": {name: value for name, value in event_payload.items() if name not in known},
    }


def store(rows: Sequence[Delivery]) -> int:
    """Insert what is not planned yet, in one statement, and wake the workers. Returns how many are new."""
    if not rows:
        return 0
    now = timezone.now()
    with transaction.atomic():
        mute(rows, now)
        for row in rows:
            if row.priority != Priority.PAGE and row.state == Delivery.State.PENDING:
                _hold(row, now)
        keys = {(row.event_key, row.destination) for row in rows}
        before = _count(rows[0].workspace_id, keys)
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        after = _count(rows[0].workspace_id, keys)
        for queue in (PAGE, NOTICE):
            nudge_queue(queue)
    return after - before


def _count(workspace_id: int, keys: set[tuple[str, str]]) -> int:
    events = {key for key, _ in keys}
    rows = Delivery.objects.of(workspace_id).filter(event_key__in=events)
    return sum(1 for pair in rows.values_list("event_key", "destination") if pair in keys)


def _hold(row: Delivery, now: datetime) -> None:
    """A notice waits for the end of the person's quiet hours, or to be merged with others of the incident."""
    if row.user_id and (end := quiet_end_of(row.workspace_id, row.user_id, now)):
        row.due_at, row.outcome = end, Delivery.Outcome.HELD
        row.reason = f"held until {end:%Y-%m-%d %H:%M} UTC, because of quiet hours"
    elif row.channel_id and row.incident_id and not row.lane and _has_recent(row):
        row.due_at, row.outcome = Now() + timedelta(seconds=GROUP_S), Delivery.Outcome.HELD
        row.reason = f"held up to {GROUP_S} s, to be merged with other notices of the incident"


def _has_recent(row: Delivery) -> bool:
    recent = Delivery.objects.of(row.workspace_id).filter(
        channel_id=row.channel_id,
        incident_id=row.incident_id,
        recipient=row.recipient,
        created_at__gt=Now() - timedelta(seconds=GROUP_S),
    )
    return bool(recent.exclude(event_key=row.event_key).exists())
