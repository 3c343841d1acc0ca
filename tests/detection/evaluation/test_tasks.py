"""Tasks of the workers: the drain, and the sweep that recovers after a lost message or row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from core.queue.nudge import nudge, valkey
from detection.evaluation import tasks
from detection.evaluation.services import draining, sweeper
from detection.models import DetectionRule
from detection.rules.services.rules import update_rule
from incidents.models import Incident
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)
FLAG = f"tocsin:nudge:{tasks.EVALUATE}"


@pytest.fixture(autouse=True)
def quiet_queue() -> Iterator[None]:
    valkey().flushdb()
    yield
    valkey().flushdb()


def lose_the_outbox() -> None:
    with connection.cursor() as cursor:
        cursor.execute("truncate detection_pending")


def swept_ago(rule: DetectionRule, seconds: float) -> None:
    DetectionRule.objects.of(rule.workspace_id).filter(pk=rule.pk).update(
        last_swept_at=timezone.now() - timedelta(seconds=seconds)
    )


def incidents(workspace) -> int:
    return int(Incident.objects.of(workspace.pk).count())


def test_evaluate_task_opens_what_is_waiting(workspace, make_rule, send) -> None:
    make_rule()
    send(errors(5), then_drain=False)
    tasks.evaluate()
    assert incidents(workspace) == 1


def test_evaluate_task_lets_the_next_nudge_through(workspace) -> None:
    assert (nudge(tasks.EVALUATE, "detection"), nudge(tasks.EVALUATE, "detection")) == (True, False)
    tasks.evaluate()
    assert nudge(tasks.EVALUATE, "detection") is True


def test_rest_of_a_slice_is_left_to_another_task(
    workspace, make_rule, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule()
    for _ in range(2):
        send(errors(5), then_drain=False)
    monkeypatch.setattr(draining, "DRAIN_ROWS", 1)
    monkeypatch.setattr(draining._step, "rows", 1)
    monkeypatch.setattr(draining, "_joining", draining._Joining())  # nothing of the tests before
    monkeypatch.setattr(tasks, "drain", lambda: draining.drain(slice_seconds=0))
    tasks.evaluate()
    assert valkey().exists(FLAG) == 1


def test_burst_whose_outbox_rows_were_lost_is_found_by_the_sweep(workspace, make_rule, send) -> None:
    make_rule()
    send(errors(6), then_drain=False)
    lose_the_outbox()
    tasks.evaluate()
    assert incidents(workspace) == 0
    tasks.sweep_rules()
    assert Incident.objects.of(workspace.pk).get().event_count == 6


@pytest.mark.parametrize(("ago", "opened"), [(25, 0), (31, 1)])
def test_rule_is_swept_when_its_check_interval_has_passed(
    workspace, make_rule, send, ago: float, opened: int
) -> None:
    rule = make_rule(check_interval_seconds=30)
    swept_ago(rule, ago)
    send(errors(6), then_drain=False)
    lose_the_outbox()
    tasks.sweep_rules()
    assert incidents(workspace) == opened


def test_sweep_is_recorded_so_that_the_next_one_waits(workspace, make_rule) -> None:
    rule = make_rule()
    tasks.sweep_rules()
    rule.refresh_from_db()
    first = rule.last_swept_at
    tasks.sweep_rules()
    rule.refresh_from_db()
    assert first is not None
    assert rule.last_swept_at == first


def test_disabled_rule_is_not_swept(workspace, make_rule) -> None:
    rule = make_rule(enabled=False)
    tasks.sweep_rules()
    rule.refresh_from_db()
    assert rule.last_swept_at is None


def test_lowered_threshold_applies_at_once_at_any_interval(workspace, make_rule, send, admin: Actor) -> None:
    make_rule(error_threshold=9, check_interval_seconds=3600)
    send(errors(6))
    tasks.sweep_rules()
    assert incidents(workspace) == 0
    update_rule(admin, rule_id="errors", fields={"threshold": 5})
    tasks.sweep_rules()
    assert incidents(workspace) == 1


def test_sweep_opens_nothing_twice(workspace, make_rule, send) -> None:
    rule = make_rule()
    send(errors(6))
    for _ in range(3):
        swept_ago(rule, 3600)
        tasks.sweep_rules()
    assert Incident.objects.of(workspace.pk).get().event_count == 6


def test_many_groups_are_swept_some_at_a_time(workspace, make_rule, send, monkeypatch) -> None:
    rule = make_rule(group_by="source")
    for source in ("shop", "mail", "search"):
        send(errors(6, source=source), then_drain=False)
    lose_the_outbox()
    sizes, real = [], sweeper.evaluate

    def evaluate(now, *, pairs):
        sizes.append(len(pairs))
        return real(now, pairs=pairs)

    monkeypatch.setattr(sweeper, "MAX_GROUPS", 2)
    monkeypatch.setattr(sweeper, "evaluate", evaluate)
    swept_ago(rule, 3600)
    tasks.sweep_rules()
    assert (sizes, incidents(workspace)) == ([2, 1], 3)


def test_rules_of_every_workspace_are_swept(workspace, other_workspace, make_rule) -> None:
    make_rule()
    other = DetectionRule.objects.create(
        workspace_id=other_workspace.pk, rule_id="theirs", name="Theirs", incident_type="other",
        severity="sev4", error_threshold=1, time_window_seconds=1,
    )  # fmt: skip
    tasks.sweep_rules()
    other.refresh_from_db()
    assert other.last_swept_at is not None


def test_maintenance_runs_as_a_task(workspace) -> None:
    tasks.maintain_partitions()  # the database may be hours old
    with connection.cursor() as cursor:
        cursor.execute(
            "select max(relname) from pg_inherits join pg_class on oid = inhrelid"
            " where inhparent = 'detection_rule_hit'::regclass and relname not like '%default'"
        )
        newest = cursor.fetchone()[0]
        cursor.execute(f"drop table {newest}")
        tasks.maintain_partitions()
        cursor.execute("select to_regclass(%s)", [newest])
        assert cursor.fetchone() == (newest,)
