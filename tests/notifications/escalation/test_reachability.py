"""Reachability equals a minute-by-minute simulation, and its page shows what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Membership, OnCallShift, User, Workspace
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.turns import Span
from accounts.oncall.validation import RotationValues
from core.health.checks import CHECKS
from core.secrets.encryption import encrypt
from incidents.models import Component
from notifications.channels.services import create_channel
from notifications.contacts.models import ContactMethod
from notifications.contacts.ways import ways_to
from notifications.escalation.models import EscalationPolicy, EscalationStep
from notifications.escalation.plan import Plan, Step, Target
from notifications.escalation.reachability import People, report
from notifications.escalation.reachability_selectors import inputs_fingerprint
from notifications.escalation.selectors import names_of, preview
from notifications.escalation.services.policies import install_default_policies, put_policy
from notifications.escalation.state import plan_of
from notifications.escalation.step_text import parse_steps, steps_text
from notifications.escalation.validation import PolicyValues
from tests.web.signed_in import browser_for

START = datetime(2026, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURS = 4


def simulate(plan: Plan, people: People, own: int, began: datetime) -> tuple[int | None, int | None, bool]:
    """A clock that ticks every minute: seconds to the first person, who it is, whether by the fallback."""
    cursor, due, has_paged, fallback = (0, 0), 0, False, False
    first: tuple[int, int] | None = None
    for minute in range(24 * 60):
        while cursor is not None and due == minute:
            step, is_last = plan.steps[cursor[1]], cursor[1] == len(plan.steps) - 1
            named: list[int] = []
            for target in step.targets:
                moment = began + minute * MINUTE
                if target.kind == "user":
                    named.append(target.id)
                elif target.kind == "role":
                    named += people.roles.get(target.role, [])
                else:
                    shifts = people.shifts.get(target.id or own, [])
                    named += [s.user_id for s in shifts if s.starts_at <= moment < s.ends_at]
            has_paged |= any(people.methods.get(pk) for pk in named)
            recipients = list(named)
            if is_last and not has_paged:
                recipients, fallback = people.roles.get("admin", []), True
            reached = [pk for pk in recipients if people.methods.get(pk)]
            if reached and first is None:
                first = (minute * 60, reached[0])
            if named or is_last:
                due = minute + step.wait_s // 60
            cursor = plan.after(*cursor)
    return (*first, fallback) if first else (None, None, fallback)


targets = st.one_of(
    st.just(Target("on_call")), st.just(Target("on_call", 2)), st.just(Target("role", role="manager")),
    st.builds(Target, st.just("user"), st.integers(1, 4)),
)  # fmt: skip
steps = st.builds(
    Step,
    st.sampled_from([60, 300, 900, 3600]),
    st.lists(targets, max_size=2, unique=True).map(tuple),
)
plans = st.builds(Plan, st.just("P"), st.integers(0, 1), st.lists(steps, min_size=1, max_size=3).map(tuple))


@st.composite
def shifts(draw) -> list[Span]:
    edges = sorted(draw(st.lists(st.integers(0, HOURS * 60 + 200), min_size=2, max_size=6, unique=True)))
    return [
        Span(draw(st.integers(1, 4)), START + a * MINUTE, START + b * MINUTE, str(a))
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]


@settings(max_examples=15, deadline=None)
@given(
    plan=plans, own=shifts(), other=shifts(),
    with_method=st.sets(st.integers(1, 6)), managers=st.lists(st.just(5), max_size=1),
)  # fmt: skip
def test_report_equals_a_minute_by_minute_simulation(plan, own, other, with_method, managers):
    methods = {pk: (f"email {pk}",) for pk in with_method}
    people = People({1: own, 2: other}, {"manager": managers, "admin": [6]}, methods)
    found = report(plan, 1, people, start=START, end=START + timedelta(hours=HOURS))
    assert found.stretches[0].starts_at == START
    assert found.stretches[-1].ends_at == START + timedelta(hours=HOURS)
    for stretch in found.stretches:
        moment = stretch.starts_at
        while moment < stretch.ends_at:
            expected = simulate(plan, people, 1, moment)
            outcome = stretch.outcome
            assert (outcome.delay_s, outcome.user_id, outcome.by_fallback) == expected, moment
            moment += 7 * MINUTE


def test_policy_that_ends_in_one_mailbox_is_flagged():
    plan = Plan("P", 0, (Step(300, (Target("user", 1),)), Step(300, (Target("user", 2),))))
    shared = People({}, {}, {1: ("email ops@x",), 2: ("email ops@x",)})
    apart = People({}, {}, {1: ("email ops@x",), 2: ("slack U2",)})
    end = START + timedelta(days=14)
    assert report(plan, None, shared, start=START, end=end).single_method == "email ops@x"
    assert report(plan, None, apart, start=START, end=end).single_method == ""
    assert report(plan, None, People({}, {}, {}), start=START, end=end).without_method == {1, 2}


@pytest.fixture
def rota(make_actor):
    """A manager, and a schedule with Ann alone on it."""
    manager = make_actor("manager", username="mia")
    ann = make_actor("responder", username="ann")
    schedule = create_schedule(manager, name="Primary")
    values = RotationValues(["ann"], time(9), timezone.now().date() - timedelta(days=7))
    put_rotation(manager, schedule_id=schedule.pk, layer=1, values=values)
    install_default_policies(manager)
    return manager, ann


def verified(person, address, kind="email"):
    return ContactMethod.objects.create(
        workspace_id=person.workspace_id, user_id=person.user_id, kind=kind, address=encrypt(address),
        digest=address, hint=address, verified_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.django_db
def test_page_names_holes_and_people_without_a_method(rota, settings):
    manager, ann = rota
    settings.MAIL_FROM = "tocsin@example.test"
    mine = verified(ann, "a@example.test")
    page = browser_for(manager).get("/on-call/reachability").content.decode()
    assert "Reaches someone within 0 min" in page
    assert "Mia" in page
    assert "Everyone is reached by email a@example.test alone" in page
    assert "No mail server is configured" not in page
    mine.delete()
    page = browser_for(manager).get("/on-call/reachability").content.decode()
    assert "Sometimes reaches no one" in page
    assert "Named, but not reachable" in page


@pytest.mark.django_db
def test_proven_account_address_is_used_for_lack_of_a_method(rota, settings):
    manager, ann = rota
    settings.MAIL_FROM = "tocsin@example.test"
    assert ways_to(ann.workspace_id, ann.user_id) == []
    User.objects.filter(pk=ann.user_id).update(address_proven_at=timezone.now())
    [way] = ways_to(ann.workspace_id, ann.user_id)
    assert (way.name, way.destination) == ("account email an…@example.test", f"account:{ann.user_id}")
    assert "account email an…@example.test" in browser_for(manager).get("/on-call/reachability").text
    mine = verified(ann, "a@example.test")
    assert [way.method for way in ways_to(ann.workspace_id, ann.user_id)] == [mine]


@pytest.mark.django_db
def test_without_a_mail_server_mail_reaches_no_one_and_the_page_shows_it(rota, settings):
    manager, ann = rota
    settings.MAIL_FROM = ""
    User.objects.filter(pk=ann.user_id).update(address_proven_at=timezone.now())
    verified(ann, "a@example.test")
    page = browser_for(manager).get("/on-call/reachability").text
    assert "No mail server is configured" in page
    assert "Sometimes reaches no one" in page
    verified(ann, "ntfy://x", kind="apprise")
    assert [way.name for way in ways_to(ann.workspace_id, ann.user_id)] == ["apprise ntfy://x"]


@pytest.mark.django_db
def test_step_names_a_channel_by_its_name(make_actor):
    manager = make_actor("manager")
    ops = create_channel(make_actor("admin"), kind="log", name="Ops Log", config={}, secrets={})
    names = names_of(manager)
    [step] = parse_steps("channel: ops log; 5 min", names)
    assert step["targets"] == [{"kind": "channel", "channel_id": ops.pk}]
    policy = put_policy(manager, values=PolicyValues("Mine", steps=[step]))
    assert [row.targets for row in preview(manager, policy)] == ["channel Ops Log"]
    assert steps_text(plan_of(policy).steps, names) == "channel: ops log; 5 min"


@pytest.mark.django_db
def test_health_check_sees_a_change_at_once_and_walks_only_then(rota, django_assert_num_queries):
    _, ann = rota
    check = CHECKS.get("reachability")
    assert check().level == "warn"
    with django_assert_num_queries(1):
        assert check().level == "warn"
    mine = verified(ann, "ntfy://x", kind="apprise")
    assert check().level == "ok"
    mine.delete()
    assert check().level == "warn"


@pytest.mark.django_db
def test_fingerprint_changes_with_whatever_the_reports_depend_on(rota):
    manager, ann = rota
    pk, now = ann.workspace_id, timezone.now()
    mine = verified(ann, "ntfy://x", kind="apprise")
    part = Component.objects.create(workspace_id=pk, name="api")
    shifts = OnCallShift.objects.of(pk)
    changes = [
        lambda: ContactMethod.objects.of(pk).filter(pk=mine.pk).update(verified_at=None),
        lambda: Membership.objects.of(pk).filter(user_id=ann.user_id).update(role="manager"),
        lambda: User.objects.filter(pk=ann.user_id).update(address_proven_at=now),
        lambda: User.objects.filter(pk=ann.user_id).update(is_active=False),
        lambda: EscalationStep.objects.of(pk).update(wait_s=60),
        lambda: EscalationPolicy.objects.of(pk).update(is_enabled=False),
        lambda: Component.objects.of(pk).filter(pk=part.pk).update(schedule=shifts.first().schedule),
        lambda: Workspace.objects.filter(pk=pk).update(default_schedule=None),
        lambda: shifts.filter(pk=shifts.first().pk).update(changed_at=now + timedelta(days=1)),
        lambda: shifts.filter(pk=shifts.first().pk).delete(),
        lambda: create_schedule(manager, name="Secondary"),
    ]
    seen = [inputs_fingerprint()]
    for change in changes:
        change()
        seen.append(inputs_fingerprint())
    assert len(set(seen)) == len(changes) + 1
    assert inputs_fingerprint() == seen[-1]
