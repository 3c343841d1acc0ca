"""Accepts events through Django, one request at a time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final, LiteralString

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connection, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import Invalid, Unavailable
from core.sql.prepared import rows
from detection.evaluation.matching import Ruleset
from detection.ingest.limits import charge
from detection.ingest.parsing import MAX_BODY, Batch, ParsedEvent, is_lines, key_of, parse_body
from detection.ingest.statement import STORE_RETURNING_IDS, EncodedBatch, command, encode, repeats
from detection.models import DetectionRule
from detection.webhooks.http.unpacking import unpacked
from incidents.components.services.catalogue import component_ids
from incidents.models import Component

MAX_COMPONENTS = 10_000

_STORED: Final[LiteralString] = (
    "select key from detection_event_key where workspace_id = %s::bigint and key = any(%s::uuid[])"
)
_ordinals = itertools.count()


def retention() -> timedelta:
    """Return how old an accepted event may be."""
    return timedelta(days=settings.EVENT_RETENTION_DAYS)


def ruleset_of(workspace_id: int) -> Ruleset:
    """Return the workspace's enabled rules, compiled."""
    return Ruleset(DetectionRule.objects.of(workspace_id).filter(enabled=True))


def accept_events(
    actor: Actor, *, body: bytes, headers: Mapping[str, str] = MappingProxyType({})
) -> tuple[Batch, int]:
    """Store a body, decompressed and parsed as its `headers` say (names in lower case).

    Returns the result and the number of duplicates.

    Raises Forbidden, Malformed, Invalid, RateLimited; Unavailable when the database is down.
    """
    require(actor, Capability.EVENTS_WRITE)
    body = unpacked(body, headers, MAX_BODY)
    batch = parse_body(body, timezone.now(), retention(), is_lines=is_lines(headers))
    if not batch.events:
        return batch, 0
    charge(actor, len(batch.events))
    with as_problem(), transaction.atomic():
        encoded = encode(actor.workspace_id, batch.events, ruleset_of(actor.workspace_id), next(_ordinals))
        repeated = _store(encoded)
        catalogue_sources(actor.workspace_id, {event.source for event in batch.events})
    return batch, repeated


def _store(encoded: EncodedBatch) -> int:
    query, params = command([encoded])
    with connection.cursor() as cursor:
        # Django's cursor supports only %s, and sends text; PostgreSQL reads the same JSON.
        cursor.execute(query.replace("%b", "%s"), [text.decode() for text in params])
        return repeats([encoded], cursor.fetchall())[0]


def store_events(workspace_id: int, events: Sequence[ParsedEvent]) -> dict[str, int]:
    """Store events in the caller's transaction; returns event_id -> id of those that were new.

    The caller has authenticated the sender. Raises django.db's errors.
    """
    if not events:
        return {}
    stored = _store_named(encode(workspace_id, events, ruleset_of(workspace_id), next(_ordinals)))
    catalogue_sources(workspace_id, {event.source for event in events})
    return stored


def store_uncounted(workspace_id: int, events: Sequence[ParsedEvent]) -> dict[str, int]:
    """Store events that no rule, rate or exit criterion counts; returns event_id -> id of the new ones.

    They are marked late, like events that arrived too late to count. Raises django.db's errors.
    """
    uncounted = [event._replace(late=True) for event in events]
    return _store_named(encode(workspace_id, uncounted, Ruleset([]), next(_ordinals)))


def _store_named(encoded: EncodedBatch) -> dict[str, int]:
    params = [b"[%b]" % encoded.rows, b"[%b]" % encoded.hits]
    with connection.cursor() as cursor:
        cursor.execute(STORE_RETURNING_IDS.replace("%b", "%s"), [text.decode() for text in params])
        return dict(cursor.fetchall())


def stored_ids(workspace_id: int, event_ids: Sequence[str]) -> set[str]:
    """Return the event ids that are already stored; one statement, without locks."""
    keys = {key_of(event_id).hex(): event_id for event_id in event_ids}
    known = rows(_STORED, [workspace_id, list(keys)]) if keys else []
    return {keys[key.hex] for (key,) in known}


@contextlib.contextmanager
def as_problem() -> Iterator[None]:
    """Translate a database error to a Problem: Unavailable, or Invalid for a value it refused."""
    try:
        yield
    except (DataError, IntegrityError):
        raise Invalid("Nothing was stored: the database refused a value of these events.") from None
    except (DatabaseError, InterfaceError):
        raise Unavailable(
            "Nothing was stored: the database cannot be reached. Retry with the same events.",
            headers={"Retry-After": "2"},
        ) from None


def catalogue_sources(workspace_id: int, sources: Iterable[str]) -> None:
    """Create a component for every source seen for the first time, up to 10,000 in a workspace."""
    names = set(sources)
    known = Component.objects.of(workspace_id)
    missing = names - set(known.filter(name__in=names).values_list("name", flat=True))
    room = MAX_COMPONENTS - known.count() if missing else 0
    component_ids(workspace_id, sorted(missing)[: max(0, room)])
