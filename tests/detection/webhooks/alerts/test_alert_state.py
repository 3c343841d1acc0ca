"""The effect of a report on an alert in each state: every order of reports."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from detection.webhooks.alerts.alert_state import KnownAlert, newest_per_key, next_step
from detection.webhooks.parsed import Alert, AlertState
from incidents.vocabulary import Severity

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=30)


def before(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def word(state: str, starts: float | None = None, ends: float | None = None, key: str = "a") -> Alert:
    begun = None if starts is None else before(starts)
    return Alert(key, AlertState(state), "x", starts_at=begun, ends_at=None if ends is None else before(ends))


def began(starts: float) -> Alert:
    """A firing report of a sender that states when the episode began."""
    return dataclasses.replace(word("firing", starts), has_episode_start=True)


def known(
    state: str, starts: float | None, reported: float, *, ended: float | None = None, incident: bool = True
) -> KnownAlert:
    begun = None if starts is None else before(starts)
    over = None if ended is None else before(ended)
    return KnownAlert(AlertState(state), begun, before(reported), Severity.SEV2, incident, over)


@pytest.mark.parametrize(
    ("alert", "held", "step"),
    [
        (word("firing", 5), None, "fires"),
        (word("resolved", 5, 1), None, "noted"),
        (word("acknowledged"), None, "noted"),
        (word("firing", 5), known("firing", 5, 4), "still"),
        (word("firing", 1), known("firing", 5, 4), "still"),
        (word("firing", 5), known("acknowledged", 5, 4), "still"),
        (word("acknowledged"), known("firing", 5, 4), "acknowledges"),
        (word("acknowledged"), known("resolved", 5, 4), "noted"),
        (word("resolved", 5, 1), known("firing", 5, 4), "recovers"),
        (word("resolved"), known("acknowledged", None, 4), "recovers"),
        (word("resolved", 9, 8), known("firing", 5, 4), "stale"),
        (word("resolved"), known("resolved", 5, 4), "still"),
        (word("firing", 5), known("resolved", 5, 1), "stale"),
        (word("firing", 5), known("resolved", 5, 3), "fires"),
        (word("firing", 9), known("resolved", 5, 60), "stale"),
        (word("firing", 1), known("resolved", 5, 3), "fires"),
        (word("firing"), known("resolved", 5, 0), "fires"),
        (word("firing", 5), known("firing", 5, -1), "stale"),
        (word("resolved", 5, 1), known("firing", 5, -1), "stale"),
        (word("firing", 5), known("firing", 5, 4, incident=False), "fires"),
        (word("firing", 5), known("firing", 5, 4, ended=3), "still"),
        (word("firing", 5), known("firing", 5, 4, ended=31), "fires"),
        (word("firing", 1), known("firing", 5, 4, ended=3), "still"),
        (began(1), known("firing", 5, 4, ended=3), "fires"),
        (began(4), known("firing", 5, 4, ended=3), "still"),
        (word("firing"), known("firing", 5, 4, ended=3), "still"),
        (word("firing"), known("firing", 5, 4, ended=31), "fires"),
        (word("resolved", -10, 0), known("firing", -10, 4), "recovers"),
        (dataclasses.replace(word("resolved", None, 9), whole_group=True), known("firing", 5, 4), "recovers"),
        (dataclasses.replace(word("firing", 1), is_guess=True), known("resolved", 5, 4), "stale"),
        (dataclasses.replace(word("firing", 1), is_guess=True), None, "fires"),
    ],
)  # fmt: skip
def test_alert_has_the_expected_effect(alert, held, step):
    assert next_step(alert, held, at=NOON, window=WINDOW) == step


def test_newest_of_several_reports_on_one_alert_counts():
    late, early = word("firing", 1), word("resolved", 9, 5)
    assert newest_per_key([late, early]) == newest_per_key([early, late]) == [late]
    assert newest_per_key([word("firing"), word("resolved")])[0].state == "resolved"
    assert len(newest_per_key([late, word("firing", key="b")])) == 2
