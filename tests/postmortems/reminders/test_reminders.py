"""Reminders of action items and the weekly digest: each once, in the assignee's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from core.outbox.relay import relay_due
from core.queue.runner import run_due
from core.queues import UPKEEP
from incidents.privacy.services import invite_person, set_private
from notifications.deliveries.models import Delivery
from postmortems.action_items.services import create_item, update_item
from postmortems.reminders.models import OverdueDigest, Reminder
from postmortems.reminders.schedule import reminder_times
from postmortems.reminders.services import plan_digests, plan_reminders, send_digest

ZONES = ("America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin")
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_reminders_come_at_nine_of_a_working_day(zone):
    for offset in range(400):  # over both changes of the clocks
        due = date(2026, 2, 1) + timedelta(days=offset)
        times = reminder_times(due, zone, EARLY)
        local = [at.astimezone(ZoneInfo(zone)) for at in times.values()]
        assert all((at.hour, at.minute) == (9, 0) and at.weekday() < 5 for at in local)
        assert len({at.date() for at in local}) == len(local)
        assert "due" in times or due.weekday() >= 5


def test_reminders_of_the_past_are_skipped():
    now = datetime(2026, 3, 4, 10, tzinfo=UTC)  # a Wednesday
    assert sorted(reminder_times(date(2026, 3, 4), "UTC", now)) == ["late_1", "late_7"]
    assert reminder_times(date(2026, 2, 2), "UTC", now) == {}


@pytest.fixture
def person(actor, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    User.objects.filter(pk=actor.user_id).update(time_zone="Asia/Kolkata", address_proven_at=timezone.now())
    return actor


def _wednesday() -> date:
    today = timezone.now().date() + timedelta(days=14)
    return today + timedelta(days=(2 - today.weekday()) % 7)


def _subjects(workspace_id: int) -> list[str]:
    rows = Delivery.objects.of(workspace_id).filter(event_kind__startswith="action_item.")
    return [row.payload["subject"] for row in rows.order_by("pk")]


@pytest.mark.django_db(transaction=True)
def test_each_reminder_is_sent_once_in_the_zone_of_the_assignee(person, resolved):
    due = _wednesday()
    item = create_item(person, 1, title="Alert on pool usage", assignee="rita.responder", due_date=due)
    relay_due()
    relay_due()
    rows = list(Reminder.objects.of(person.workspace_id).order_by("due_at"))
    assert [row.kind for row in rows] == ["before_7", "before_1", "due", "late_1", "late_7"]
    assert {row.due_at.astimezone(ZoneInfo("Asia/Kolkata")).hour for row in rows} == {9}
    for day in range(-10, 12):  # the clock jumps back a day after each day, and two workers look
        noon = datetime.combine(due, datetime.min.time(), UTC) + timedelta(days=day, hours=12)
        for at in (noon, noon - timedelta(days=1), noon):
            plan_reminders(person.workspace_id, item_id=item.pk, now=at)
            run_due(UPKEEP, at=at)
    words = [subject.partition(":")[0] for subject in _subjects(person.workspace_id)]
    assert words == [
        "ACT-1 is due in 7 days", "ACT-1 is due tomorrow", "ACT-1 is due today", "ACT-1 was due yesterday",
        "ACT-1 has been overdue for a week",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_finished_or_moved_items_are_not_reminded_of(person, resolved):
    due = _wednesday()
    create_item(person, 1, title="Alert on pool usage", assignee="rita.responder", due_date=due)
    create_item(person, 1, title="Raise the pool limit", assignee="rita.responder", due_date=due)
    relay_due()
    update_item(person, 1, status="done")
    update_item(person, 2, due_date=due + timedelta(days=7))
    relay_due()
    run_due(UPKEEP, at=datetime.combine(due, datetime.min.time(), UTC) + timedelta(hours=12))
    assert _subjects(person.workspace_id) == [
        "ACT-2 is due in 7 days: Raise the pool limit",
    ]


@pytest.mark.django_db(transaction=True)
def test_item_of_a_private_incident_is_reminded_of_only_to_those_who_may_see_it(person, resolved, make_actor):
    ina, due = make_actor("responder", username="ina"), _wednesday()
    User.objects.filter(pk=ina.user_id).update(address_proven_at=timezone.now())
    create_item(person, 1, title="Alert on pool usage", assignee="ina", due_date=due)
    relay_due()
    set_private(person, number=1, is_private=True)
    noon = datetime.combine(due, datetime.min.time(), UTC) + timedelta(hours=12)
    run_due(UPKEEP, at=noon)
    assert _subjects(person.workspace_id) == []
    invite_person(person, number=1, username="ina")
    run_due(UPKEEP, at=noon + timedelta(days=1))
    assert _subjects(person.workspace_id) == ["ACT-1 was due yesterday: Alert on pool usage"]


@pytest.mark.django_db
def test_digest_goes_once_a_week_to_managers_alone(person, resolved, make_actor, workspace):
    manager = make_actor("manager")
    User.objects.filter(pk=manager.user_id).update(address_proven_at=timezone.now())
    now = timezone.now()
    create_item(
        person,
        1,
        title="Alert on pool usage",
        assignee="rita.responder",
        due_date=now.date() - timedelta(days=9),
    )
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    for at in (monday, monday + timedelta(hours=3), now, monday):
        plan_digests(workspace, at)
    week = OverdueDigest.objects.of(workspace.pk).get()
    assert week.due_at.weekday() == 0
    assert [send_digest(workspace.pk, digest=week, now=now) for _ in range(2)] == [1, 0]
    delivery = Delivery.objects.of(workspace.pk).get(event_kind="action_item.digest")
    assert delivery.user_id == manager.user_id
    assert delivery.payload["subject"] == "1 action item is overdue"
    assert delivery.payload["details"]["lines"][0].startswith("ACT-1 due ")
