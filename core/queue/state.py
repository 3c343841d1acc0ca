"""Health check and metrics of every queue, made from its declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, LiteralString

from django.db import connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from psycopg import sql

from core.health.checks import CheckResult, Level, health_check, seen, waiting
from core.health.metrics import metric_source
from core.heartbeat import database as database_heartbeat
from core.queue.declaration import QUEUES, Queue
from core.queue.handlers import Work, handlers_of

WORKER_LATE_S: Final = 20.0
MAX_COUNTED: Final = 10_000
_STATE: Final[LiteralString] = """
select
  (select count(*) from (select 1 from {table} w where w.state = 'pending' and w.due_at <= now()
     and w.priority = any(%s::smallint[]) limit %s::int) x),
  (select extract(epoch from clock_timestamp() - min(w.due_at)) from {table} w
    where w.state = 'pending' and w.due_at <= now() and w.priority = any(%s::smallint[]) and w.lane = ''),
  (select count(*) from (select 1 from {table} w where w.state = 'dead'
     and w.priority = any(%s::smallint[]) limit %s::int) x)
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """Number of due items, seconds the oldest of them has waited, and number of dead items."""

    due: int
    lag_s: float
    dead: int


def queue_state(queue: Queue) -> QueueState:
    """Return the state of a queue over all workspaces; zeros for one whose app does the work itself."""
    parts = [_state_of(work) for work in handlers_of(queue)]
    return QueueState(
        sum(part.due for part in parts),
        max((part.lag_s for part in parts), default=0.0),
        sum(part.dead for part in parts),
    )


def _state_of(work: Work) -> QueueState:
    query = sql.SQL(_STATE).format(table=sql.Identifier(work.model._meta.db_table))
    priorities = list(work.priorities)
    with connection.cursor() as cursor:
        cursor.execute(query, [priorities, MAX_COUNTED, priorities, priorities, MAX_COUNTED])
        due, lag_s, dead = cursor.fetchone()
    return QueueState(int(due), max(0.0, float(lag_s or 0)), int(dead))


def check_queue(queue: Queue) -> CheckResult:
    """Check that its worker sent a heartbeat lately and no item waits too long."""
    alive = seen(
        queue.title[:1].lower() + queue.title[1:],
        database_heartbeat.age(queue.name),
        WORKER_LATE_S,
        queue.advice,
    )
    if alive.level != "ok":
        return alive
    state = queue_state(queue)
    late = waiting(f"item of {queue.name}", state.lag_s, queue.max_lag_s, queue.advice)
    return late if late.level != "ok" else alive


def register_checks() -> None:
    """One health check for each declared queue, named `<queue> worker`."""
    for queue in QUEUES:
        _register(queue)


def _register(queue: Queue) -> None:
    def check() -> CheckResult:
        return check_queue(queue)

    health_check(f"{queue.name} worker", queue.title, requires="database")(check)


@metric_source("queues")
def _metrics() -> Iterator[Metric]:
    due = GaugeMetricFamily("tocsin_queue_due", "Work items that are due.", labels=["queue"])
    lag = GaugeMetricFamily("tocsin_queue_lag_seconds", "Age of the oldest due item.", labels=["queue"])
    dead = GaugeMetricFamily("tocsin_queue_dead", "Dead work items.", labels=["queue"])
    for queue in QUEUES:
        if handlers_of(queue):
            state = queue_state(queue)
            due.add_metric([queue.name], state.due)
            lag.add_metric([queue.name], state.lag_s)
            dead.add_metric([queue.name], state.dead)
    yield from (due, lag, dead)


def level_of(state: QueueState, queue: Queue) -> Level:
    """Return `warn` when items are dead or wait too long."""
    return "warn" if state.dead or state.lag_s > queue.max_lag_s else "ok"
