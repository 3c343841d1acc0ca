"""Schedules, rotations, overrides, swaps and the shifts they make, on the database."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Membership, OnCallShift, User
from accounts.oncall.checks import _coverage
from accounts.oncall.selectors import default_on_call, schedule_views, shifts_between
from accounts.oncall.services.overrides import create_override, remove_override, swap_shifts
from accounts.oncall.services.schedules import create_schedule, put_rotation, remove_rotation
from accounts.oncall.services.shifts import refill_shifts
from accounts.oncall.validation import RotationValues
from accounts.people.services.accounts import save_person
from accounts.people.services.members import deactivate_member, reactivate_member, remove_member
from core.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def manager(make_actor):
    return make_actor("manager", username="mia")


@pytest.fixture
def schedule(manager, make_actor):
    make_actor("responder", username="ann")
    make_actor("responder", username="bob")
    made = create_schedule(manager, name="Primary", time_zone="Europe/Berlin")
    put_rotation(manager, schedule_id=made.pk, layer=1, values=values("ann", "bob"))
    return made


def values(*people: str, **more) -> RotationValues:
    today = timezone.now().date() - 3 * DAY
    return RotationValues(people, time(9), today, **({"unit": "day"} | more))


def shifts(schedule) -> list[OnCallShift]:
    found = OnCallShift.objects.of(schedule.workspace_id).filter(schedule=schedule)
    return list(found.select_related("user").order_by("starts_at"))


def test_shifts_are_made_sixty_days_ahead_without_gaps(manager, schedule):
    made = shifts(schedule)
    assert made[-1].ends_at >= timezone.now() + 59 * DAY
    assert all(one.ends_at == other.starts_at for one, other in pairwise(made))
    [view] = schedule_views(manager, now=timezone.now())
    assert view.is_default
    assert [one.user.username for one in view.now] == [made[0].user.username]
    assert view.next == made[1]
    assert view.gaps == []


def test_refilling_again_changes_nothing(schedule):
    before = [(s.pk, s.starts_at, s.ends_at) for s in shifts(schedule)]
    assert refill_shifts(schedule.workspace_id, schedule.pk, now=timezone.now()) <= 1  # the last day moves on
    after = [(s.pk, s.starts_at, s.ends_at) for s in shifts(schedule)]
    assert after[:-1] == before[: len(after) - 1]


def test_past_shifts_stay_when_a_rotation_goes(manager, schedule):
    with time_machine.travel(timezone.now() + 5 * DAY, tick=False):
        now = timezone.now()
        past = [s.pk for s in shifts(schedule) if s.starts_at < now]
        remove_rotation(manager, schedule_id=schedule.pk, layer=1)
        left = shifts(schedule)
        assert [s.pk for s in left] == past
        assert left[-1].ends_at == now
        [view] = schedule_views(manager, now=now)
        assert view.gaps == [(now, now + 14 * DAY)]


def test_override_covers_its_time_and_removing_it_brings_the_rotation_back(manager, schedule):
    start = timezone.now() + timedelta(hours=30)
    made = create_override(
        manager, schedule_id=schedule.pk, username="mia", starts_at=start, ends_at=start + timedelta(hours=2)
    )
    [cover] = [s for s in shifts(schedule) if s.user.username == "mia"]
    assert (cover.starts_at, cover.ends_at) == (made.starts_at, made.ends_at)
    remove_override(manager, override_id=made.pk)
    assert not [s for s in shifts(schedule) if s.user.username == "mia"]


def test_swap_exchanges_two_shifts(manager, schedule):
    first, second = shifts(schedule)[1:3]
    swap_shifts(manager, shift_id=first.pk, other_shift_id=second.pk)
    moved = {s.starts_at: s.user_id for s in shifts(schedule)}
    assert moved[first.starts_at] == second.user_id
    assert moved[second.starts_at] == first.user_id


def test_responder_may_cover_but_not_put_others_on_call(schedule, make_actor):
    rob = make_actor("responder", username="rob")
    start = timezone.now() + DAY
    times = {"starts_at": start, "ends_at": start + DAY}
    create_override(rob, schedule_id=schedule.pk, username="rob", **times)
    with pytest.raises(Forbidden):
        create_override(rob, schedule_id=schedule.pk, username="ann", **times)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("participants", {"people": ("nobody",)}), ("participants", {"people": ()}),
        ("unit", {"unit": "year"}),
        ("length", {"length": 29}), ("handoff_weekday", {"handoff_weekday": 7}),
        ("active_to", {"active_from": time(8)}), ("ends_on", {"ends_on": date(2020, 1, 1)}),
        ("active_weekdays", {"active_weekdays": (9,)}),
    ],
)  # fmt: skip
def test_wrong_rotation_is_refused_by_field(manager, schedule, field, more):
    people = more.pop("people", ("ann",))
    with pytest.raises(Invalid) as refusal:
        put_rotation(manager, schedule_id=schedule.pk, layer=2, values=values(*people, **more))
    assert [fault.field for fault in refusal.value.faults] == [field]


@pytest.mark.parametrize(("start", "end"), [(2, 1), (1, 40), (-3, -1), (400, 401)])
def test_reversed_long_past_or_far_override_is_refused(manager, schedule, start, end):
    now = timezone.now()
    with pytest.raises(Invalid):
        create_override(
            manager,
            schedule_id=schedule.pk,
            username="ann",
            starts_at=now + start * DAY,
            ends_at=now + end * DAY,
        )


def test_database_refuses_one_person_twice_at_a_time(schedule):
    one = shifts(schedule)[1]
    again = OnCallShift(
        workspace_id=one.workspace_id, schedule=schedule, user=one.user, source_uid="other",
        starts_at=one.starts_at + timedelta(hours=1), ends_at=one.ends_at,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_another_workspace_sees_and_changes_nothing(schedule, make_actor, other_workspace):
    rival = make_actor("admin", username="rival", inside=other_workspace)
    now = timezone.now()
    assert shifts_between(rival, now, now + 9 * DAY) == []
    assert schedule_views(rival, now=now) == []
    with pytest.raises(NotFound):
        put_rotation(rival, schedule_id=schedule.pk, layer=1, values=values("rival"))


def test_removed_member_is_left_out_at_the_next_refill(schedule):
    ann = User.objects.get(username="ann")
    Membership.objects.of(schedule.workspace_id).filter(user=ann).delete()
    refill_shifts(schedule.workspace_id, schedule.pk, now=timezone.now())
    now: datetime = timezone.now()
    assert ann.pk not in {s.user_id for s in shifts(schedule) if s.starts_at > now}
    assert ann not in default_on_call(schedule.workspace_id, now)


@pytest.fixture
def layered(manager, schedule):
    """Ann is on call all the time, over a layer of Bob."""
    for layer, person in ((1, "bob"), (2, "ann")):
        put_rotation(manager, schedule_id=schedule.pk, layer=layer, values=values(person))
    return schedule


def on_call(schedule) -> list[str]:
    return [user.username for user in default_on_call(schedule.workspace_id, timezone.now())]


@pytest.mark.parametrize("leave", [deactivate_member, remove_member])
def test_layer_below_applies_as_soon_as_a_person_leaves(admin, layered, leave):
    assert on_call(layered) == ["ann"]
    leave(admin, username="ann")
    assert on_call(layered) == ["bob"]
    now = timezone.now()
    assert {s.user.username for s in shifts(layered) if s.ends_at > now} == {"bob"}


def test_turns_of_a_reactivated_person_return(admin, layered):
    deactivate_member(admin, username="ann")
    reactivate_member(admin, username="ann")
    assert on_call(layered) == ["ann"]


def test_turns_follow_an_operator_who_deactivates_and_reactivates(admin, layered):
    operator, ann = (User.objects.get(username=name) for name in ("adam.admin", "ann"))
    for is_active, expected in ((False, "bob"), (True, "ann")):
        ann.is_active = is_active
        save_person(operator, person=ann, fields=["is_active"])
        assert on_call(layered) == [expected]


def test_override_of_a_deactivated_person_ends(admin, manager, schedule):
    put_rotation(manager, schedule_id=schedule.pk, layer=1, values=values("bob"))
    now = timezone.now()
    create_override(manager, schedule_id=schedule.pk, username="ann", starts_at=now, ends_at=now + DAY)
    assert on_call(schedule) == ["ann"]
    deactivate_member(admin, username="ann")
    assert on_call(schedule) == ["bob"]


def test_deactivated_person_is_not_planned(manager, schedule):
    User.objects.filter(username="ann").update(is_active=False)
    with pytest.raises(Invalid):
        put_rotation(manager, schedule_id=schedule.pk, layer=2, values=values("ann"))
    start = timezone.now() + DAY
    with pytest.raises(Invalid):
        create_override(
            manager, schedule_id=schedule.pk, username="ann", starts_at=start, ends_at=start + DAY
        )


def test_shifts_of_deactivated_people_are_gaps_for_pages_and_the_check(manager, schedule):
    assert _coverage().level == "ok"
    User.objects.filter(username__in=("ann", "bob")).update(is_active=False)
    now = timezone.now()
    [view] = schedule_views(manager, now=now)
    assert (view.now, view.next, view.gaps) == ([], None, [(now, now + 14 * DAY)])
    assert _coverage().level == "warn"
