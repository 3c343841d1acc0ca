"""Events and errors counted by minute and source as they are stored, and their error share."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections
from django.utils import timezone

from detection.evaluation.error_share import ErrorShare, share_of_minutes
from detection.evaluation.services.incident_evidence import refresh_evidence
from detection.ingest.services import retention
from detection.simulation.services import Simulation, simulate_incident
from incidents.models import Incident, TimelineEntry
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)


def minute(ago=0):
    return timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=ago)


def at(events, when):
    return [e | {"timestamp": (when + timedelta(milliseconds=n)).isoformat()} for n, e in enumerate(events)]


def infos(count, **fields):
    return [{"source": "shop", "level": "info", "message": "served"} | fields for _ in range(count)]


def share(workspace, *sources, ago=10, last=0):
    return share_of_minutes(
        workspace.pk, sources or ["shop"], since=minute(ago), until=minute(last) + timedelta(minutes=2)
    )


def test_events_are_counted_by_source_and_minute_they_happened(send, workspace):
    send(at(errors(3) + infos(5), minute(3)) + at(errors(2, source="db"), minute(3)))
    send(at(errors(1), minute(2)))
    assert share(workspace) == ErrorShare(9, 4)
    assert share(workspace, "db") == ErrorShare(2, 2)
    assert share(workspace, "shop", "db") == ErrorShare(11, 6)
    only = share_of_minutes(workspace.pk, ["shop"], since=minute(3), until=minute(2))
    assert only == ErrorShare(8, 3)


def test_repeated_late_and_simulated_events_are_not_counted(send, workspace, actor):
    batch = [e | {"event_id": f"e{n}"} for n, e in enumerate(at(errors(3), minute(1)))]
    send(batch)
    send(batch)
    send(at(errors(4), minute(90)))
    simulate_incident(actor, Simulation("error_burst", components=["shop"]))
    assert share_of_minutes(
        workspace.pk, ["shop"], since=minute(200), until=minute() + timedelta(minutes=2)
    ) == ErrorShare(3, 3)


def test_counts_are_exact_with_many_writers(send, workspace):
    def write(number):
        send(at(errors(5) + infos(5), minute(1)), then_drain=False)
        close_old_connections()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert share(workspace) == ErrorShare(80, 40)


def test_other_workspaces_do_not_count(send, workspace, other_workspace):
    send(at(errors(3), minute(1)))
    assert share(other_workspace) == ErrorShare(0, 0)


def test_old_minutes_are_forgotten(send, workspace):
    happened = minute(5)
    retention.prune_tallies(before=timezone.now())  # what earlier tests of this database left
    send(at(errors(3), happened))
    # Hours are counted too, and an hour is old as a whole.
    assert retention.prune_tallies(before=happened.replace(minute=0)) == 0
    assert retention.prune_tallies(before=minute(2)) >= 1
    assert share(workspace) == ErrorShare(0, 0)


@pytest.mark.parametrize(
    ("events", "failed", "measured"), [(40, 30, 75.0), (19, 10, None), (40, 40, None), (0, 0, None)]
)
def test_share_is_measured_of_enough_events_that_are_not_all_errors(events, failed, measured):
    assert ErrorShare(events, failed).measured == measured


@pytest.mark.parametrize(("good", "severity"), [(5, "sev1"), (60, "sev2"), (0, "sev2")])
def test_more_than_half_errors_raise_an_error_burst(make_rule, send, workspace, good, severity):
    make_rule(error_threshold=10)
    send(at(infos(good) + errors(25), minute(1)))
    refresh_evidence(timezone.now() + timedelta(seconds=10))
    incident = Incident.objects.of(workspace.pk).get()
    assert incident.severity == severity
    entries = TimelineEntry.objects.of(workspace.pk).filter(incident=incident, kind="severity_change")
    assert [("errors" in one.message) for one in entries] == ([True] if severity == "sev1" else [])
