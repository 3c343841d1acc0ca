"""Registry of the functions that do the work of each queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, LiteralString, TypeVar

from core.queue.declaration import Queue
from core.queue.models import Priority, WorkItem
from core.queue.retry import STANDARD, Backoff
from core.registry import Registry

W = TypeVar("W", bound=WorkItem)
Handler = Callable[[W], None]
BatchHandler = Callable[[list[W]], None]


@dataclass(frozen=True)
class Work:
    """What a queue claims, `batch` items at a time, and the handler of one item or of the whole batch."""

    queue: Queue
    model: type[Any]
    handler: Callable[[Any], None]
    batch: int = 1
    takes_batch: bool = False
    related: tuple[str, ...] = ()
    priorities: tuple[int, ...] = (Priority.NOTICE,)
    where: LiteralString = ""
    backoff: Backoff = STANDARD
    keep: timedelta | None = None


HANDLERS: Final[Registry[Work]] = Registry("queue handler")


def works_on(
    queue: Queue, model: type[W], *, batch: int = 1, **options: Any
) -> Callable[[Handler[W]], Handler[W]]:
    """Decorator, for `tasks.py`: call this function with each due item of `model`.

    It runs outside a transaction and may run again after a crash, so it must be idempotent. When it returns,
    the item is settled unless the handler settled, failed or rescheduled it (`core.queue.items`). Raise
    PermanentError to mark the item dead, PassingError to wait as long as the other side requested; anything
    else is retried by `backoff`. A queue may serve several models; each has its own handler.

    batch: number claimed at once, for short work; those not begun within half the lease are handed back.
    options: `priorities` (default: notices), `where` (SQL condition on the row `w`), `backoff`, `keep` (how
    long done items are retained; None: for ever), `related` (foreign keys to load with the items).
    """

    def add(handler: Handler[W]) -> Handler[W]:
        HANDLERS.add(_name(queue, model), Work(queue, model, handler, batch, **options))
        return handler

    return add


def works_on_batches(
    queue: Queue, model: type[W], *, size: int, **options: Any
) -> Callable[[BatchHandler[W]], BatchHandler[W]]:
    """As `works_on` for a function that takes up to `size` items at once, such as due timers.

    When it raises, each item is tried alone, so that one bad item does not hold up the others.
    """

    def add(handler: BatchHandler[W]) -> BatchHandler[W]:
        HANDLERS.add(_name(queue, model), Work(queue, model, handler, size, takes_batch=True, **options))
        return handler

    return add


def _name(queue: Queue, model: type[Any]) -> str:
    return f"{queue.name}:{model._meta.label_lower}"


def handlers_of(queue: Queue) -> list[Work]:
    """Return the models and handlers of a queue, in the order they were registered."""
    return [work for work in HANDLERS if work.queue.name == queue.name]
