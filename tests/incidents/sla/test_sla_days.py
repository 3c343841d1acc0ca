"""Three simulated days of SLA clocks, with workers killed in the middle of their transactions.

Thirty days with `make faults`.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import time_machine

from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.models import SlaClock, TimelineEntry
from incidents.sla.services import clock_steps
from tests.incidents.make import NOW
from tests.tables import count

pytestmark = pytest.mark.django_db
STEP, DAYS = timedelta(minutes=5), count(3, 30)


def expected(clock: SlaClock, began: int, end: int) -> list[tuple[str, str]]:
    """What must be written of a clock that no one stops, when workers look at every step."""
    looks = [NOW + STEP * number for number in range(began + 1, end)]
    first = next((at for at in looks if at >= clock.warn_at), None)
    phases = [] if first is None or first >= clock.deadline else ["warned"]
    if any(at >= clock.deadline for at in looks):
        phases.append("breached")
    return [(clock.kind, phase) for phase in phases]


@pytest.mark.timeout(count(240, 1800))
def test_each_clock_warns_and_breaches_once_at_its_time_despite_killed_workers(
    declared, workspace, monkeypatch
):
    calls, publish = Counter(), clock_steps.publish_all

    def dying(facts):
        publish(facts)
        calls["all"] += 1
        if calls["all"] % 3 == 0:
            raise KeyboardInterrupt  # nothing of the transaction remains

    monkeypatch.setattr(clock_steps, "publish_all", dying)
    opened, end = {}, int(timedelta(days=DAYS) / STEP)
    for number in range(end):
        with time_machine.travel(NOW + STEP * number, tick=False):
            if number % 72 == 0:
                severity = f"sev{1 + number // 72 % 4}"
                opened[number] = declared(f"Opened at step {number}", severity=severity)
            _look()
    assert calls["all"] > 20
    for number, incident in opened.items():
        clocks = list(SlaClock.objects.of(workspace.pk).filter(incident=incident))
        wanted = Counter(line for clock in clocks for line in expected(clock, number - 1, end))
        written = TimelineEntry.objects.of(workspace.pk).filter(incident=incident, kind="sla")
        assert Counter((one.data["clock"], one.data["phase"]) for one in written) == wanted, incident
        deadlines = {clock.kind: clock.deadline for clock in clocks}
        for one in written.filter(data__phase="breached"):
            assert one.occurred_at == deadlines[one.data["clock"]]


def _look() -> None:
    """What is due now is done, by another worker where one died."""
    from django.utils import timezone

    while True:
        try:
            if not run_due(CLOCKS, at=timezone.now()):
                return
        except KeyboardInterrupt:
            SlaClock.across_workspaces.update(lease_until=None)
