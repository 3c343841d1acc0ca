"""Turns of receivers that take one call in so many seconds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from core.models import Allowance
from core.rate_limit.store import take_turn

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("earlier", "is_granted"),
    [(timedelta(seconds=59), False), (timedelta(seconds=61), True), (timedelta(hours=-3), True)],
    ids=["too early", "after the gap", "after the clock was set back"],
)
def test_next_turn_is_granted_a_gap_after_the_last(earlier, is_granted):
    assert take_turn("one", 60.0)
    assert not take_turn("one", 60.0)
    assert take_turn("other", 60.0)
    Allowance.objects.filter(name="one").update(window_at=F("window_at") - earlier)
    assert take_turn("one", 60.0) == is_granted
    assert not take_turn("one", 60.0)
