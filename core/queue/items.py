"""Claims and settles work items: every change of an item's state after it was created.

The database's clock decides what is due. A claim is committed before anything runs. Settling requires that
the claim is still held: `attempts` and `due_at` are compared, so a worker whose lease was taken over changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, LiteralString, TypeVar

from django.db import models, transaction
from django.db.models.functions import Now
from psycopg import sql

from core.queue.models import Priority, WorkItem
from core.queue.retry import STANDARD, Backoff, Decision, after_failure
from core.sql.prepared import rows

W = TypeVar("W", bound=WorkItem)
MAX_ERROR_LENGTH: Final = 2000
_CLAIM: Final[LiteralString] = """
with due as (
  select w.id from {table} w
   where w.state = 'pending' and w.priority = %s::smallint and w.due_at <= coalesce(%s::timestamptz, now())
     and (w.lease_until is null or w.lease_until < now())
     and (w.lane = '' or not exists (
       select 1 from {table} e
        where e.state = 'pending' and e.lane <> '' and e.lane = w.lane and e.id < w.id))
     {condition}
   order by w.due_at, w.id limit %s::int for update of w skip locked),
claimed as (
  update {table} c set attempts = attempts + 1, lease_until = now() + %s::interval
    from due where c.id = due.id returning c.id, c.attempts, c.due_at)
select id, attempts from claimed order by due_at, id
"""


def claim(
    model: type[W],
    limit: int,
    lease_s: float,
    *,
    priorities: Sequence[int] = (Priority.NOTICE,),
    where: LiteralString = "",
    related: Sequence[str] = (),
    at: datetime | None = None,
) -> list[W]:
    """Lease up to `limit` due items that no worker holds, by priority, then oldest first; committed.

    where: a further SQL condition on the row `w`. related: foreign keys to load with the items. at: the
    current time in simulations; leases always run on the database's clock.
    """
    query = _claim_query(model, where)
    fences: dict[int, int] = {}
    with transaction.atomic():
        for priority in priorities:
            if (room := limit - len(fences)) > 0:
                fences |= dict(rows(query, [priority, at, room, timedelta(seconds=lease_s)]))
    return _loaded(model, fences, related) if fences else []


def _loaded(model: type[W], fences: dict[int, int], related: Sequence[str]) -> list[W]:
    """Load the items in the order of `fences` (id -> attempts of this claim)."""
    query = manager(model).select_related(*related) if related else manager(model)
    found: dict[int, W] = query.in_bulk(list(fences))
    for pk, item in found.items():
        item.attempts = fences[pk]
    return [found[pk] for pk in fences if pk in found]


@cache
def _claim_query(model: type[WorkItem], where: LiteralString) -> bytes:
    table = sql.Identifier(model._meta.db_table)
    condition = sql.SQL("and ({})").format(sql.SQL(where)) if where else sql.SQL("")
    return sql.SQL(_CLAIM).format(table=table, condition=condition).as_bytes()


def manager(model: type[W]) -> models.Manager[W]:
    """Return the unscoped manager of a model: a queue serves every workspace."""
    return model._default_manager


def _held(item: WorkItem) -> models.QuerySet[Any]:
    held = {"pk": item.pk, "attempts": item.attempts, "due_at": item.due_at, "state": WorkItem.State.PENDING}
    return manager(type(item)).filter(**held)


def _change(item: WorkItem, **fields: Any) -> bool:
    item.is_settled = True
    return bool(_held(item).update(lease_until=None, **fields))


def settle(item: WorkItem, **fields: Any) -> bool:
    """Mark an item done and set `fields`. Returns False and changes nothing when the claim was lost."""
    return _change(item, state=WorkItem.State.DONE, settled_at=Now(), **({"last_error": ""} | fields))


def fail(item: WorkItem, error: BaseException, backoff: Backoff = STANDARD, **fields: Any) -> Decision:
    """Schedule the next attempt, or mark the item dead after the last one or a PermanentError."""
    decision = after_failure(item.attempts, error, backoff)
    if decision.delay is None:
        outcome: dict[str, Any] = {"state": WorkItem.State.DEAD, "settled_at": Now()}
    else:
        outcome = {"due_at": Now() + timedelta(seconds=decision.delay)}
    _change(item, last_error=error_text(error), **outcome, **fields)
    return decision


def error_text(error: BaseException) -> str:
    """Return an error as it is stored: its class and message, truncated."""
    return f"{type(error).__name__}: {error}".replace("\x00", "")[:MAX_ERROR_LENGTH]


def hand_back(items: Iterable[WorkItem], *, delay_s: float = 0.0, **fields: Any) -> None:
    """Return unprocessed items to the queue, due in `delay_s` seconds, without counting an attempt."""
    for item in items:
        later = {"due_at": Now() + timedelta(seconds=delay_s)} if delay_s else {}
        _change(item, attempts=item.attempts - 1, **later, **fields)


def reschedule(item: WorkItem, due_at: Any, **fields: Any) -> bool:
    """Finish this run and make the item due again at `due_at` (a time or an expression).

    For recurring items such as timers.
    """
    return _change(item, due_at=due_at, attempts=0, last_error="", **fields)


def is_held(item: WorkItem) -> bool:
    """Return whether this claim still holds the item, unsettled."""
    return bool(_held(item).exists())


def renew(item: WorkItem, lease_s: float) -> bool:
    """Extend the lease of a long job. Returns False when the claim was lost: stop then."""
    return bool(_held(item).update(lease_until=Now() + timedelta(seconds=lease_s)))


def resend(items: models.QuerySet[Any]) -> int:
    """Make the dead ones among `items` due now with a fresh count of attempts. Returns how many were dead."""
    dead = items.filter(state=WorkItem.State.DEAD)
    return dead.update(
        state=WorkItem.State.PENDING, attempts=0, due_at=Now(), settled_at=None, lease_until=None
    )


def prune(model: type[WorkItem], keep: timedelta, limit: int = 5000) -> int:
    """Delete up to `limit` done items settled longer than `keep` ago; dead ones stay. Returns how many."""
    old = manager(model).filter(state=WorkItem.State.DONE, settled_at__lt=Now() - keep)
    ids = list(old.order_by("id").values_list("pk", flat=True)[:limit])
    manager(model).filter(pk__in=ids).delete()
    return len(ids)
