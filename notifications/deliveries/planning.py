"""Plans deliveries: writes one row per event and destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from core.queue.models import Priority
from core.queue.runner import nudge_queue
from core.reasons import Reason
from incidents.drills.selectors import people_in_drill
from incidents.explain.recording import record_decisions
from incidents.privacy.invitations import invite_paged
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.contacts.ways import Way, ways_of, ways_to
from notifications.deliveries.duplicates import drop_duplicates
from notifications.deliveries.explaining import not_notified, record_planned, record_skipped
from notifications.deliveries.holding import hold
from notifications.deliveries.models import Delivery
from notifications.queues import NOTICE, PAGE
from notifications.routes.decision import ChannelDecision, RoutedChannel, decide_each
from notifications.routes.selectors import receivers_of, rules_of
from notifications.silences.muting import mute

DRILL_KINDS: Final = frozenset({"drill.planned"})  # drill events without an incident


@dataclass(frozen=True)
class Fact:
    """What happened, as stored in deliveries. `key` identifies it."""

    workspace_id: int
    key: str
    event_kind: str
    payload: Mapping[str, Any]

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """The incident at that time, or {}."""
        return self.payload.get("snapshot") or {}

    @property
    def is_private(self) -> bool:
        """Whether the incident is private."""
        return bool(self.snapshot.get("is_private"))

    @property
    def is_drill(self) -> bool:
        """Whether it belongs to a drill."""
        return bool(self.snapshot.get("is_drill") or self.event_kind in DRILL_KINDS)


def plan_event(fact: Fact) -> int:
    """Plan deliveries by the routes, and "resolved" to all who were paged. Returns how many are new.

    Private incidents notify no channel, only the people who were paged.
    """
    if fact.is_private:
        record_not_notified(fact, Reason.PRIVATE)
        return store(_for_all_paged(fact, {})) if fact.event_kind == "incident.resolved" else 0
    channels = list(Channel.objects.of(fact.workspace_id).select_related("fallback"))
    by_id = {channel.pk: channel for channel in channels}
    rules, receivers = rules_of(fact.workspace_id), receivers_of(channels)
    rows, skipped = [], []
    for one in decide_each(fact.event_kind, fact.snapshot, rules, receivers):
        channel = by_id[one.channel_id]
        found = list(_for_channel(fact, channel, one.chosen)) if one.chosen else []
        rows += found
        if not found:
            skipped.append((channel, _with_reason(fact, channel, one)))
    if fact.event_kind == "incident.resolved":
        rows += _for_all_paged(fact, by_id)
    with transaction.atomic():
        record_skipped(fact.workspace_id, fact.key, fact.event_kind, fact.snapshot, skipped)
        return store(rows)


def record_not_notified(fact: Fact, reason: Reason, **about: Any) -> None:
    """Record that no one is notified, or that the person or channel in `about` is not."""
    made = not_notified(fact.workspace_id, fact.key, reason, fact.snapshot, fact.event_kind, **about)
    record_decisions([made])


def _with_reason(fact: Fact, channel: Channel, decision: ChannelDecision) -> ChannelDecision:
    """Why a channel chosen by a route gets no delivery."""
    if decision.chosen is None:
        return decision
    is_accepted = CHANNEL_KINDS.get(channel.kind).accepts(fact.event_kind)
    return ChannelDecision(channel.pk, Reason.NO_RECIPIENT if is_accepted else Reason.KIND_UNWANTED)


def _for_channel(fact: Fact, channel: Channel, chosen: RoutedChannel) -> Iterable[Delivery]:
    kind = CHANNEL_KINDS.get(channel.kind)
    if not kind.accepts(fact.event_kind):
        return  # `_with_reason` says why: Reason.KIND_UNWANTED
    common: dict[str, Any] = {"priority": chosen.priority}
    for recipient in kind.recipients(channel.config):
        why = f"Route: {chosen.why}"
        yield to_channel(fact, channel, recipient, why=why, because=Reason.ROUTE_FITS, **common)
    yield from _instead(fact, channel, chosen.priority)


def _instead(fact: Fact, channel: Channel, priority: int) -> Iterable[Delivery]:
    """Deliveries of a page to the fallback of a broken channel."""
    fallback = channel.fallback
    if channel.state == Channel.State.BROKEN and priority == Priority.PAGE and fallback:
        for recipient in CHANNEL_KINDS.get(fallback.kind).recipients(fallback.config):
            why = f"Fallback: {channel.name} is broken"
            yield to_channel(
                fact, fallback, recipient, priority=priority, why=why, because=Reason.CHANNEL_BROKEN
            )


def to_channel(
    fact: Fact,
    channel: Channel,
    recipient: str,
    *,
    priority: int,
    why: str,
    because: Reason = Reason.CONCERNED,
    **more: Any,
) -> Delivery:
    """An unsaved delivery to one recipient of a channel."""
    incident_id = fact.snapshot.get("incident_id")
    row = Delivery(
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
    row.because = because
    return row


def to_person(fact: Fact, way: Way, *, priority: int, why: str, because: Reason) -> Delivery:
    """An unsaved delivery to a person by one of their ways."""
    row = Delivery(
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
    row.because = because
    return row


def _for_all_paged(fact: Fact, channels: Mapping[int, Channel]) -> list[Delivery]:
    """One notice to each destination that was paged for this incident, regardless of the current routes.

    People are notified by their current ways.
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
            rows[one.destination] = to_channel(
                fact, channel, one.recipient, priority=priority, why=why, because=Reason.WAS_PAGED
            )
        elif channel is not None:
            record_not_notified(fact, Reason.CHANNEL_OFF, channel_id=channel.pk, subject=channel.name)
    people = {pk for pk in paged.values_list("user_id", flat=True) if pk is not None}
    ways = ways_of(fact.workspace_id, user_ids=sorted(people)) if people else {}
    for user_id in sorted(people - set(ways)):
        record_not_notified(fact, Reason.NO_CONTACT_METHOD, user_id=user_id)
    for way in (way for found in ways.values() for way in found):
        rows[way.destination] = to_person(
            fact, way, priority=Priority.NOTICE, why=why, because=Reason.WAS_PAGED
        )
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
    because: Reason = Reason.CONCERNED,
) -> int:
    """Plan a page (or a notice, by `priority`) to a member by every way of `ways_to`.

    payload: see `as_payload`. event_key identifies the step: planning it again changes nothing. Returns
    how many deliveries are new; 0 also if there is no way to reach them. A person who is paged for
    a private incident may see it from then on. Drills notify only participants.
    """
    fact = Fact(workspace_id, event_key, event_kind, payload)
    if fact.is_drill and user_id not in people_in_drill(workspace_id, fact.snapshot["incident_id"]):
        record_not_notified(fact, Reason.DRILL, user_id=user_id, detail=why)
        return 0
    if fact.is_private:
        invite_paged(workspace_id, fact.snapshot["incident_id"], user_id)
    ways = ways_to(workspace_id, user_id)
    if not ways:
        record_not_notified(fact, Reason.NO_CONTACT_METHOD, user_id=user_id, detail=why)
    return store([to_person(fact, way, priority=priority, why=why, because=because) for way in ways])


def plan_to_channel(
    workspace_id: int,
    *,
    channel_id: int,
    event_key: str,
    event_kind: str,
    payload: Mapping[str, Any],
    why: str,
    priority: int = Priority.PAGE,
    because: Reason = Reason.CONCERNED,
) -> int:
    """Plan a page to a channel, such as a step of a policy. Returns how many deliveries are new.

    Private incidents notify no channel; drills notify drill channels only. A broken channel's page goes to
    its fallback as well.
    """
    channel = Channel.objects.of(workspace_id).filter(pk=channel_id).select_related("fallback").first()
    fact = Fact(workspace_id, event_key, event_kind, payload)
    if reason := _unreachable(fact, channel):
        record_not_notified(
            fact, reason, channel_id=channel_id, subject=channel.name if channel else "", detail=why
        )
    if channel is None or reason:
        return 0
    recipients = CHANNEL_KINDS.get(channel.kind).recipients(channel.config)
    common: dict[str, Any] = {"priority": priority, "why": why, "because": because}
    rows = [to_channel(fact, channel, one, **common) for one in recipients]
    return store([*rows, *_instead(fact, channel, priority)])


def _unreachable(fact: Fact, channel: Channel | None) -> Reason | None:
    """Why a named channel is not notified, or None."""
    if fact.is_private:
        return Reason.PRIVATE
    if channel is None:
        return Reason.DESTINATION_GONE
    if not channel.is_enabled:
        return Reason.CHANNEL_OFF
    if channel.is_for_drills != fact.is_drill:
        return Reason.DRILL if fact.is_drill else Reason.DRILLS_ONLY
    return None if CHANNEL_KINDS.get(channel.kind).recipients(channel.config) else Reason.NO_RECIPIENT


def as_payload(event_kind: str, event_payload: Mapping[str, Any], sequence: int) -> dict[str, Any]:
    """Delivery payload of an outbox event: kind, snapshot, actor, and the event's own fields."""
    known = {"live", "schema", "actor", "snapshot", "url", "incident_id", "number", "version"}
    return {
        "event_kind": event_kind,
        "sequence": sequence,
        "snapshot": event_payload.get("snapshot"),
        "actor": event_payload.get("actor"),
        "details": {name: value for name, value in event_payload.items() if name not in known},
    }


def store(rows: Sequence[Delivery]) -> int:
    """Insert new deliveries, ignoring existing ones, and wake the workers. Returns how many are new."""
    if not rows:
        return 0
    now = timezone.now()
    with transaction.atomic():
        mute(rows, now)
        drop_duplicates(rows, now)
        for row in rows:
            if row.priority != Priority.PAGE and row.state == Delivery.State.PENDING:
                hold(row, now)
        keys = {(row.event_key, row.destination) for row in rows}
        before = _count(rows[0].workspace_id, keys)
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        record_planned(rows)
        after = _count(rows[0].workspace_id, keys)
        for queue in (PAGE, NOTICE):
            nudge_queue(queue)
    return after - before


def _count(workspace_id: int, keys: set[tuple[str, str]]) -> int:
    events = {key for key, _ in keys}
    rows = Delivery.objects.of(workspace_id).filter(event_key__in=events)
    return sum(1 for pair in rows.values_list("event_key", "destination") if pair in keys)
