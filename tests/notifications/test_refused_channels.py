"""Channels that are refused: fallbacks that come back or are too long, targets that may not be reached."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from notifications.channels.services import update_channel
from notifications.channels.testing import send_test

pytestmark = pytest.mark.django_db


def lead(admin, channel, fallback):
    """Have one channel fall back to another one."""
    update_channel(admin, channel_id=channel.pk, fallback_id=fallback.pk, changes_fallback=True)


def refusal(admin, channel, fallback) -> str:
    with pytest.raises(Invalid) as raised:
        lead(admin, channel, fallback)
    channel.refresh_from_db()
    assert channel.fallback_id != fallback.pk
    return str(raised.value.detail)


def test_fallback_that_leads_back_is_refused(channel, admin):
    first, second, third = (channel("log", name=name) for name in ("One", "Two", "Three"))
    assert "leads back to this channel" in refusal(admin, first, first)
    lead(admin, first, second)
    assert "leads back to this channel" in refusal(admin, second, first)
    lead(admin, second, third)
    assert "leads back to this channel" in refusal(admin, third, first)


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (0, 1, 2, 3)], ids=("from-its-end", "from-its-beginning"))
def test_chain_of_more_than_three_fallbacks_is_refused_however_it_is_built(channel, admin, order):
    made = [channel("log", name=f"Channel {number}") for number in range(5)]
    *allowed, last = order
    for number in allowed:
        lead(admin, made[number], made[number + 1])
    assert "a chain of more than 3" in refusal(admin, made[last], made[last + 1])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.1/hook", "may not be reached"),
        ("https://169.254.169.254/latest/meta-data", "may not be reached"),
        ("https://no-such-host.invalid/hook", "cannot be reached"),
    ],
    ids=("private", "metadata", "unknown"),
)
def test_target_that_cannot_be_reached_is_said_by_the_test(channel, admin, url, reason):
    made = channel("webhook", name="Hook", config={"url": url})
    *good, last = send_test(admin, channel_id=made.pk)
    assert all(step.is_ok for step in good)
    assert not last.is_ok
    assert reason in last.detail
