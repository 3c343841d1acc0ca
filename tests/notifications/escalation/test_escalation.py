"""Escalations from the first page to the end: steps, acknowledgements, leases, growth, drills, three days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Membership, User
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import Drill, DrillParticipant, Incident, TimelineEntry
from incidents.timeline.services.notes import add_note
from notifications.channels.models import Channel
from notifications.channels.services import create_channel, update_channel
from notifications.escalation import pages as seam
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.pages import Page
from notifications.escalation.services.policies import install_default_policies, put_policy
from notifications.escalation.services.running import acknowledge_escalation, start_escalation
from notifications.escalation.validation import PolicyValues

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class World:
    """A workspace with someone on call, a manager and an admin; pages with the minute they were planned."""

    def __init__(self, workspace, make_actor, clock) -> None:
        self.clock, self.workspace = clock, workspace
        self.admin = make_actor("admin", username="adam")
        self.manager = make_actor("manager", username="mia")
        self.ann = make_actor("responder", username="ann")
        self.system = system_actor(workspace.pk)
        schedule = create_schedule(self.system, name="Primary")
        values = RotationValues(["ann"], time(9), START.date() - timedelta(days=7))
        put_rotation(self.system, schedule_id=schedule.pk, layer=1, values=values)
        install_default_policies(self.system)
        self.planned: list[tuple[int, str, Page]] = []
        self.events = 0

    def plan(self, workspace_id: int, pages) -> None:
        minute = int((timezone.now() - START) / MINUTE)
        for page in pages:
            name = (
                User.objects.get(pk=page.user_id).username if page.user_id else f"channel {page.channel_id}"
            )
            self.planned.append((minute, name, page))

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(minute, name) for minute, name, page in self.planned]

    def open(self, severity: str = "sev1", **more) -> Incident:
        incident = declare_incident(self.system, title="Down", severity=severity, **more)
        self.start(incident, "opened")
        return incident

    def start(self, incident: Incident, reason: str) -> bool:
        self.events += 1
        return start_escalation(
            self.workspace.pk, incident.pk, reason=reason, event_id=self.events, now=timezone.now()
        )

    def pass_minutes(self, minutes: int) -> None:
        for _ in range(minutes + 1):
            run_due(CLOCKS, at=timezone.now())
            self.clock.shift(MINUTE)
        self.clock.shift(-MINUTE)

    def entries(self, incident: Incident) -> list[str]:
        found = TimelineEntry.objects.of(self.workspace.pk).filter(incident=incident, kind="notification")
        return list(found.order_by("id").values_list("message", flat=True))

    def escalation(self) -> Escalation:
        return Escalation.objects.of(self.workspace.pk).get()


@pytest.fixture
def world(workspace, make_actor, monkeypatch):
    with time_machine.travel(START, tick=False) as clock:
        made = World(workspace, make_actor, clock)
        monkeypatch.setattr(seam.PAGE_PLANNERS, "_items", {"test": made.plan})
        yield made


def test_a_sev1_pages_on_call_then_managers_in_three_rounds_and_ends(world):
    incident = world.open()
    world.pass_minutes(50)
    expected = []
    for start in (0, 15, 30):
        expected += [(start, "ann"), (start + 5, "ann"), (start + 10, "mia")]
    assert world.told == expected
    assert len({page.event_key for _, _, page in world.planned}) == 9
    assert world.entries(incident)[-1] == "Escalation ended: no one acknowledged in 3 rounds of SEV1."
    assert world.escalation().phase == "ended"


def test_an_acknowledgement_stops_it_and_lapses_without_a_sign(world):
    incident = world.open()
    world.pass_minutes(2)
    acknowledge_incident(world.ann, incident_id=incident.pk)
    acknowledge_escalation(world.workspace.pk, incident.pk, user_id=world.ann.user_id, now=timezone.now())
    world.pass_minutes(45)
    assert world.told == [(0, "ann"), (32, "ann"), (42, "ann"), (47, "ann")]
    assert [page.is_notice for _, _, page in world.planned] == [False, True, False, False]
    assert any("lapsed" in text for text in world.entries(incident))
    incident.refresh_from_db()
    assert incident.acknowledged_at == START + 2 * MINUTE


def test_a_note_of_the_holder_keeps_the_acknowledgement(world):
    incident = world.open()
    acknowledge_incident(world.ann, incident_id=incident.pk)
    world.pass_minutes(25)
    add_note(world.ann, incident_id=incident.pk, message="Looking at the pool.")
    world.pass_minutes(20)
    assert [minute for minute, _ in world.told] == []
    world.pass_minutes(15)
    assert world.told == [(55, "ann")]


def test_growth_pages_again_although_it_was_acknowledged(world):
    incident = world.open("sev2")
    world.pass_minutes(1)
    acknowledge_incident(world.ann, incident_id=incident.pk)
    world.pass_minutes(5)
    assert world.start(incident, "the incident grew")
    world.pass_minutes(0)
    assert world.told == [(0, "ann"), (6, "ann")]
    acknowledge_escalation(world.workspace.pk, incident.pk, user_id=world.ann.user_id, now=timezone.now())
    world.pass_minutes(30)
    assert len(world.told) == 2


def test_the_same_event_again_starts_nothing(world):
    incident = world.open()
    world.pass_minutes(0)
    world.events -= 1
    assert not world.start(incident, "opened")
    assert world.escalation().generation == 1


def test_a_machine_pauses_a_sev2_for_one_lease_and_a_sev1_not_at_all(world):
    for severity, expected in (("sev2", [0, 61]), ("sev1", [0, 5])):
        world.planned.clear()
        Escalation.objects.of(world.workspace.pk).delete()
        world.clock.move_to(START)
        incident = world.open(severity)
        world.pass_minutes(1)
        acknowledge_escalation(world.workspace.pk, incident.pk, user_id=None, now=timezone.now())
        world.pass_minutes(expected[1] - 1)
        assert [minute for minute, _ in world.told] == expected, severity


def test_a_resolved_incident_pages_nobody_more(world):
    incident = world.open()
    world.pass_minutes(0)
    Incident.objects.of(world.workspace.pk).filter(pk=incident.pk).update(status="resolved")
    world.pass_minutes(10)
    assert world.told == [(0, "ann")]
    assert world.escalation().phase == "ended"


def test_a_drill_pages_only_those_who_joined(world):
    world.open(is_drill=True)
    world.pass_minutes(60)
    assert world.told == []


def test_a_drill_pages_the_people_who_joined_it_in_the_place_of_others(world):
    incident = world.open(is_drill=True)
    drill = Drill.objects.create(workspace=world.workspace, title="Practice", incident=incident)
    bob = User.objects.create_user("bob", display_name="bob")
    Membership.objects.create(workspace_id=world.workspace.pk, user=bob, role="responder")
    DrillParticipant.objects.create(workspace=world.workspace, drill=drill, user=bob)
    world.pass_minutes(0)
    assert world.told == [(0, "bob")]


def test_a_policy_that_reaches_nobody_pages_all_admins(world):
    Membership.objects.of(world.workspace.pk).filter(user__username__in=["ann", "mia"]).delete()
    incident = world.open()
    world.pass_minutes(0)
    assert world.told == [(0, "adam")]
    assert world.escalation().reaches_nobody
    assert [text for text in world.entries(incident) if "names no one" in text]


@pytest.mark.parametrize("why", ["off", "deleted", "private"])
def test_a_step_whose_channels_get_nothing_is_passed_at_once(world, why):
    channel = create_channel(world.admin, kind="log", name="Log")
    steps = [
        {"wait_s": 300, "targets": [{"kind": "channel", "channel_id": channel.pk}]},
        {"wait_s": 300, "targets": [{"kind": "on_call"}]},
    ]
    policy = EscalationPolicy.objects.of(world.workspace.pk).get(name="SEV1")
    put_policy(world.system, values=PolicyValues("SEV1", steps, severities=["sev1"]), policy_id=policy.pk)
    if why == "off":
        update_channel(world.admin, channel_id=channel.pk, is_enabled=False)
    elif why == "deleted":
        Channel.objects.of(world.workspace.pk).filter(pk=channel.pk).delete()
    incident = world.open(is_private=why == "private")
    world.pass_minutes(1)
    assert (0, "ann") in world.told
    assert "names no one" in world.entries(incident)[0]


def test_without_a_policy_whoever_is_on_call_gets_one_notice(world):
    incident = world.open("sev3")
    world.start(incident, "the incident grew")
    assert [(name, page.is_notice) for _, name, page in world.planned] == [("ann", True)]


def test_an_edit_of_the_policy_changes_no_running_escalation(world):
    world.open()
    EscalationPolicy.objects.of(world.workspace.pk).all().delete()
    world.pass_minutes(10)
    assert world.told == [(0, "ann"), (5, "ann"), (10, "mia")]


def test_three_days_with_crashes_page_each_step_once_and_in_time(world, monkeypatch):
    """An incident each six hours; workers die after planning; every step once, at most a minute late."""
    deaths = Counter()
    plan = world.plan

    def dying(workspace_id, pages):
        plan(workspace_id, pages)
        deaths["calls"] += 1
        if deaths["calls"] % 4 == 0:
            world.planned.pop()  # the transaction of a worker that dies is rolled back
            raise KeyboardInterrupt

    monkeypatch.setattr(seam.PAGE_PLANNERS, "_items", {"test": dying})
    opened = {}
    for minute in range(0, 3 * 24 * 60, 5):
        if minute % 360 == 0:
            opened[minute] = world.open("sev1" if minute % 720 else "sev2")
        for _ in range(3):
            try:
                run_due(CLOCKS, at=timezone.now())
            except KeyboardInterrupt:
                Escalation.objects.of(world.workspace.pk).update(lease_until=None)
                continue
            break
        world.clock.shift(5 * MINUTE)
    keys = Counter(page.event_key for _, _, page in world.planned)
    assert deaths["calls"] > 60
    assert max(keys.values()) == 1
    waits = {"sev1": range(0, 45, 5), "sev2": range(0, 60, 10)}
    for minute, incident in opened.items():
        mine = [at - minute for at, _, page in world.planned if page.incident_id == incident.pk]
        assert mine == list(waits[incident.severity])
