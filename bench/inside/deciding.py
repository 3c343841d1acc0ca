"""Goals of look-ups and decisions while an incident is open."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

from django.db import connection

from bench.inside.goal import Outcome, timed
from bench.inside.world import copies, many_incidents, people, workspace
from core.queue.items import claim
from incidents.analysis.similar import similar_incidents
from incidents.sla.models import SlaClock
from notifications.routes.decision import Receiver, Rule, decide

ESSENCES: Final = """
insert into incidents_incidentessence (workspace_id, incident_id, shapes, essence, correlations)
select i.workspace_id, i.id, array[(i.id * 7919 + %s) %% 5000, (i.id * 104729) %% 5000, (i.id * 31) %% 5000],
       i.title || ' timeout while calling the payment provider', array[]::bigint[]
  from incidents_incident i where i.workspace_id = %s on conflict do nothing
"""
CLOCKS: Final = "'incident_id', r.incident_id + n, 'state', 'done', 'settled_at', now()"


def similar(incidents: int) -> Iterator[Outcome]:
    """R4: similar incidents among all, against the same among 1,000."""
    medians = []
    for count in (1_000, incidents):
        [actor] = people(workspace(), 1)
        first = many_incidents(actor, count)
        with connection.cursor() as cursor:
            cursor.execute(ESSENCES, [first.pk % 97, actor.workspace_id])
            cursor.execute("analyze incidents_incidentessence")
        found = timed(lambda n, actor=actor, first=first: similar_incidents(actor, first), 30)  # type: ignore[misc]
        medians.append(found.median)
    yield Outcome(f"similar incidents of {incidents:,}, p95", found.p95, "ms", 60)
    yield Outcome("the same / of 1,000, medians", medians[1] / medians[0], "times", 3)


def routing(_: int) -> Iterator[Outcome]:
    """Routing to channels: 1,000 routes over 50 channels."""
    dice, severities = random.Random(1), ("sev1", "sev2", "sev3", "sev4")
    rules = [
        Rule(f"Route {n}", frozenset({"slack"}), frozenset({n % 50}), frozenset(dice.sample(severities, 2)),
             components=frozenset({f"part {dice.randrange(200)}"}))
        for n in range(1_000)
    ]  # fmt: skip
    receivers = [Receiver(n, "slack", is_enabled=True, pages_always=False) for n in range(50)]
    snapshot = {"severity": "sev2", "type": "error_burst", "labels": {}, "is_drill": False,
                "components": [f"part {n}" for n in range(5)]}  # fmt: skip
    found = timed(lambda n: decide("incident.opened", snapshot, rules, receivers), 200)
    yield Outcome("routing by 1,000 routes, p95", found.p95, "ms", 10)


def ticks(incidents: int) -> Iterator[Outcome]:
    """A claim that finds nothing, with 100 timers and after so many were settled."""
    [actor] = people(workspace(), 1)
    many_incidents(actor, incidents)
    few = timed(lambda n: claim(SlaClock, 50, 30.0), 200)
    clock = SlaClock.objects.of(actor.workspace_id).order_by("id")[0]
    copies("incidents_slaclock", clock.pk, incidents, CLOCKS)
    many = timed(lambda n: claim(SlaClock, 50, 30.0), 200)
    yield Outcome(f"empty claim after {incidents:,} settled timers, median", many.median, "ms", 2)
    yield Outcome("the same / with a few, medians", many.median / few.median, "times", 2)


GOALS: Final[dict[str, Callable[[int], Iterator[Outcome]]]] = {
    "R4": similar, "routing": routing, "ticks": ticks,
}  # fmt: skip
