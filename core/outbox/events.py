"""Transactional outbox: events are written with the change and delivered to subscribers later."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, Final, LiteralString

import orjson
from django.db import connection, transaction
from psycopg import sql

from core.models import OutboxEvent
from core.queue.nudge import nudge, nudge_later
from core.queues import RELAY
from core.registry import Registry
from core.sql.prepared import send

_PUBLISH: Final[LiteralString] = """
with facts as materialized (
  select nextval(pg_get_serial_sequence('core_outboxevent', 'id')) as id, f.n, f.topic, f.workspace_id,
         f.payload || jsonb_build_object('snapshot', {snapshot}) as payload
    from json_to_recordset(%s::json) as f(n int, topic text, workspace_id bigint, payload jsonb)),
written as (
  insert into core_outboxevent (id, topic, workspace_id, payload)
  select id, topic, workspace_id, payload from facts)
insert into core_outboxdispatch (event_id, subscriber)
select facts.id, dispatches.subscriber
  from json_to_recordset(%s::json) as dispatches(n int, subscriber text) join facts using (n)
 order by facts.id
"""
MAX_NUDGE_DELAY_S = 0.25  # acceptable delay for open pages, too
RELAY_TASK: Final = RELAY.task
Handler = Callable[[OutboxEvent], None]


@dataclass(frozen=True)
class DomainEvent:
    """An event of a workspace; subclasses are frozen dataclasses of JSON scalars and tuples."""

    topic: ClassVar[str]
    # Incremented when a field of the payload changes its meaning or is removed.
    schema: ClassVar[int] = 1
    # SQL that returns a jsonb snapshot of the event's subject from the columns of `f`, taken in this
    # transaction, whatever happens to it before subscribers run.
    snapshot_sql: ClassVar[LiteralString] = "null::jsonb"
    # Whether subscribers are woken at once. Frequent events are delivered in batches instead.
    is_urgent: ClassVar[bool] = True
    workspace_id: int

    def live_topics(self) -> tuple[str, ...]:
        """Return the topics of open pages this changes: "incidents", "incident:42", "rules". Empty: none."""
        return ()

    def payload(self) -> dict[str, Any]:
        """Return the fields as JSON, the live topics under `live`, and the number of the `schema`."""
        fields = dataclasses.asdict(self)
        del fields["workspace_id"]
        return fields | {"live": list(self.live_topics()), "schema": self.schema}


@dataclass(frozen=True)
class Subscriber:
    """Function called for each event that matches one of `topics` ("incident.opened", "incident.*", "*")."""

    name: str
    topics: tuple[str, ...]
    handler: Handler

    def wants(self, topic: str) -> bool:
        """Return whether this subscriber receives `topic`."""
        return any(fnmatchcase(topic, pattern) for pattern in self.topics)


SUBSCRIBERS: Registry[Subscriber] = Registry("subscriber")


def subscriber(name: str, *, topics: Sequence[str]) -> Callable[[Handler], Handler]:
    """Decorator: make a function in `<app>/subscribers.py` a subscriber, called at least once for each event.

    It runs outside a transaction and may be run again after a crash, so it must be idempotent. Raise
    `core.queue.retry.PermanentError` to give up at once; any other error is retried with backoff.
    """

    def register(handler: Handler) -> Handler:
        SUBSCRIBERS.add(name, Subscriber(name, tuple(topics), handler))
        return handler

    return register


def publish(event: DomainEvent, *, actor: Mapping[str, Any] | None = None) -> None:
    """`publish_all` for one event."""
    publish_all([event], actor=actor)


def publish_all(events: Sequence[DomainEvent], *, actor: Mapping[str, Any] | None = None) -> None:
    """Write the events and one dispatch per interested subscriber: one statement for each kind of snapshot.

    Their ids grow in the order given, so events about one thing, published while it is locked, have ids in
    the order in which they happened. Dispatches may run in another order after a failed attempt: subscribers
    compare ids. `actor` is who did it, as JSON. On commit the relay is nudged, once per transaction; where
    nothing is urgent, within `MAX_NUDGE_DELAY_S`. Raises TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish inside the transaction that made it true")
    has_subscribers = False
    for snapshot_sql, alike in groupby(events, key=lambda event: event.snapshot_sql):
        has_subscribers |= _write(snapshot_sql, list(alike), actor)
    if has_subscribers:
        _nudge_on_commit(_nudge_relay if any(event.is_urgent for event in events) else _nudge_relay_later)


def _write(
    snapshot_sql: LiteralString, events: Sequence[DomainEvent], actor: Mapping[str, Any] | None
) -> bool:
    """Write the rows; returns whether any subscriber wants any of them."""
    facts = [
        {
            "n": n,
            "topic": event.topic,
            "workspace_id": event.workspace_id,
            "payload": {**event.payload(), "actor": actor},
        }
        for n, event in enumerate(events)
    ]
    dispatches = [
        {"n": n, "subscriber": subscriber.name}
        for n, event in enumerate(events)
        for subscriber in SUBSCRIBERS
        if subscriber.wants(event.topic)
    ]
    send(_publish_query(snapshot_sql), [orjson.dumps(facts).decode(), orjson.dumps(dispatches).decode()])
    return bool(dispatches)


@cache
def _publish_query(snapshot_sql: LiteralString) -> bytes:
    return sql.SQL(_PUBLISH).format(snapshot=sql.SQL(snapshot_sql)).as_bytes()


def _nudge_relay() -> None:
    nudge(RELAY_TASK, RELAY.name)


def _nudge_relay_later() -> None:
    nudge_later(RELAY_TASK, MAX_NUDGE_DELAY_S, RELAY.name)


def _nudge_on_commit(call: Callable[[], None]) -> None:
    # A rolled back savepoint removes its callbacks, so one still listed covers this event too.
    if not any(callback[1] is call for callback in connection.run_on_commit):
        transaction.on_commit(call)
