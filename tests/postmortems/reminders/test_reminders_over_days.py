"""Ten simulated days of reminders, hour by hour, in three zones, with killed workers: each is sent once.

90 days with `make faults`.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from core.outbox.relay import relay_due
from core.queue.items import claim
from core.queue.runner import run_due
from core.queues import UPKEEP
from notifications.deliveries.models import Delivery
from postmortems.action_items.models import ActionItem
from postmortems.action_items.services import create_item
from postmortems.reminders.models import OverdueDigest, Reminder
from postmortems.reminders.services import plan_digests, plan_reminders, send_digest, send_reminder
from tests.tables import count

ZONES = {"ana": "America/Los_Angeles", "kim": "Asia/Tokyo", "rita.responder": "Europe/Berlin"}
KILL_EVERY = 17  # hours between two workers that die
DAYS = count(10, 90)


def midnight() -> datetime:
    """A Monday at 00:00 UTC, two weeks ahead."""
    day = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=14 + (7 - day.weekday()) % 7)


def days_of(workspace, start: datetime) -> list[tuple[str, str, datetime]]:
    """Who got which reminder, and when, with a worker killed every 17 hours and a second beat."""
    sent: list[tuple[str, str, datetime]] = []
    known: set[int] = set()
    for hour in range(24 * DAYS):
        now = start + timedelta(hours=hour, minutes=1)
        if hour % KILL_EVERY == 0:  # one is killed after sending and before settling, its lease expires
            for reminder in claim(Reminder, 1, 30.0, at=now):
                send_reminder(workspace.pk, reminder=reminder)
        if hour % 24 == 5:  # two beats plan everything again
            for item in ActionItem.objects.of(workspace.pk):
                plan_reminders(workspace.pk, item_id=item.pk, now=now)
            for _ in range(2):
                plan_digests(workspace, now)
        run_due(UPKEEP, at=now)
        run_due(UPKEEP, at=now - timedelta(hours=5))  # a clock that is late
        for row in Delivery.objects.of(workspace.pk).exclude(pk__in=known).select_related("user"):
            known.add(row.pk)
            sent.append((row.user.username, row.payload["subject"], now))
    return sent


@pytest.mark.timeout(count(240, 1800))
@pytest.mark.django_db(transaction=True)
def test_reminders_over_days_reach_each_person_once_at_nine(actor, make_actor, resolved, workspace, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    for name in ("ana", "kim"):
        make_actor("responder", username=name)
    make_actor("manager", username="mo")
    for name, zone in ZONES.items():
        User.objects.filter(username=name).update(time_zone=zone)
    User.objects.update(address_proven_at=timezone.now())
    start = midnight()
    for n, name in enumerate(sorted(ZONES) * 3):  # due on Tuesday to Thursday
        due = (start + timedelta(days=1 + n // 3)).date()
        create_item(actor, 1, title=f"Do the thing {n}", assignee=name, due_date=due)
    relay_due()
    relay_due()
    Reminder.objects.of(workspace.pk).filter(kind="before_7").update(state="done")  # before these ten days
    sent = days_of(workspace, start)
    assert max(Counter((who, words) for who, words, _ in sent).values()) == 1
    for who, words, at in sent:
        local = at.astimezone(ZoneInfo(ZONES[who]))
        assert local.hour == 9, (who, words, local)
        assert local.weekday() < 5
    kinds = Counter(words.partition(":")[0].partition(" ")[2] for _, words, _ in sent)
    assert kinds == {
        "is due tomorrow": 9, "is due today": 9, "was due yesterday": 9,
        "has been overdue for a week": count(6, 9),  # three of them after ten days
    }  # fmt: skip
    week = OverdueDigest.objects.of(workspace.pk).get(week=(start + timedelta(days=7)).date())
    later = start + timedelta(days=7, hours=10)
    assert [send_digest(workspace.pk, digest=week, now=later) for _ in range(2)] == [1, 0]


@pytest.mark.django_db
def test_delayed_reminder_has_no_outdated_text(actor, resolved, workspace, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    User.objects.update(address_proven_at=timezone.now())
    due = timezone.now().date() + timedelta(days=2)
    item = create_item(actor, 1, title="Raise the pool limit", assignee="rita.responder", due_date=due)
    late = Reminder.objects.of(workspace.pk).create(
        workspace=workspace, item=item, kind="before_7", due_date=due,
        due_at=timezone.now() - timedelta(days=5),
    )  # fmt: skip
    assert send_reminder(workspace.pk, reminder=late) == 0
