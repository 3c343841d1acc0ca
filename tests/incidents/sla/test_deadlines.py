"""SLA deadlines of an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.sla.deadlines import PRESETS, RESPONSE_TIMES, STANDARD, Clocks, deadlines, next_update
from incidents.vocabulary import Severity
from tests.incidents.make import NOW


@pytest.mark.parametrize(("severity", "minutes"), [("sev1", 15), ("sev2", 30), ("sev3", 120), ("sev4", 480)])
def test_standard_times_to_acknowledge(severity, minutes):
    due = deadlines(STANDARD[Severity(severity)], NOW)
    assert due.acknowledge_due_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(("severity", "minutes"), [("sev1", 15), ("sev2", 60), ("sev3", 240), ("sev4", 1440)])
def test_second_preset_has_15_minutes_1_hour_4_hours_and_1_day(severity, minutes):
    assert RESPONSE_TIMES[Severity(severity)].acknowledge_within == minutes


def test_every_preset_has_a_policy_for_every_severity():
    assert {name: set(preset) for name, preset in PRESETS.items()} == {
        "standard": set(Severity),
        "response_times": set(Severity),
    }


def test_worse_severities_never_have_more_time():
    for preset in PRESETS.values():
        allowed = [preset[severity].acknowledge_within for severity in Severity]
        assert allowed == sorted(allowed)


def test_missing_target_is_never_breached():
    due = deadlines(Clocks(480), NOW)
    assert (due.update_due_at, due.resolve_due_at) == (None, None)
    assert next_update(Clocks(480), NOW) is None


def test_updates_are_due_from_the_last_one():
    clocks = Clocks(15, update_every=30)
    updated_at = NOW + timedelta(minutes=20)
    assert deadlines(clocks, NOW).update_due_at == NOW + timedelta(minutes=30)
    assert deadlines(clocks, NOW, updated_at).update_due_at == updated_at + timedelta(minutes=30)


def test_update_from_before_the_detection_buys_no_time():
    clocks = Clocks(15, update_every=30)
    early = NOW - timedelta(hours=1)
    assert deadlines(clocks, NOW, early).update_due_at == NOW + timedelta(minutes=30)


def test_resolution_is_due_from_detection_regardless_of_updates():
    clocks = Clocks(15, update_every=30, resolve_within=240)
    assert deadlines(clocks, NOW, NOW + timedelta(hours=3)).resolve_due_at == NOW + timedelta(hours=4)
