"""Escalations from the first page to the end: steps, acknowledgements, leases, growth, drills, three days.

Thirty days with `make faults`.
"""

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
from core.errors import Conflict
from core.models import OutboxEvent
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.bulk.models import BulkAction, BulkKind
from incidents.bulk.services.actions import Pick, act_on_many, act_on_one
from incidents.bulk.services.undo import undo_action
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import Drill, DrillParticipant, Incident, TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note
from notifications.channels.models import Channel
from notifications.channels.services import create_channel, update_channel
from notifications.escalation import pages as seam
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.pages import Page
from notifications.escalation.services.policies import install_default_policies, put_policy
from notifications.escalation.services.running import acknowledge_escalation, start_escalation
from notifications.escalation.subscribers import follow_incident
from notifications.escalation.validation import PolicyValues
from tests.tables import count

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class OnCallTeam:
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
        self.events = self.relayed = 0

    def plan(self, workspace_id: int, pages) -> None:
        minute = int((timezone.now() - START) / MINUTE)
        for page in pages:
            name = (
                User.objects.get(pk=page.user_id).username if page.user_id else f"channel {page.channel_id}"
            )
            self.planned.append((minute, name, page))

    @property
    def paged(self) -> list[tuple[int, str]]:
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

    def relay(self) -> None:
        """Tell the escalation of each acknowledgement, and of each that was undone, once."""
        topics = ("incident.acknowledged", "incident.unacknowledged")
        events = OutboxEvent.objects.filter(topic__in=topics, pk__gt=self.relayed)
        for event in events.order_by("pk"):
            follow_incident(event)
            self.relayed = event.pk

    def undo(self, by) -> None:
        """Undo the newest action of this person, within its ten minutes."""
        actions = BulkAction.objects.of(self.workspace.pk)
        actions.update(made_at=timezone.now())
        undo_action(by, action_id=actions.latest("id").pk)
        self.relay()

    def entries(self, incident: Incident) -> list[str]:
        found = TimelineEntry.objects.of(self.workspace.pk).filter(incident=incident, kind="notification")
        return list(found.order_by("id").values_list("message", flat=True))

    def escalation(self) -> Escalation:
        return Escalation.objects.of(self.workspace.pk).get()


@pytest.fixture
def team(workspace, make_actor, monkeypatch, settings):
    """On call and managers, all reachable by email."""
    settings.MAIL_FROM = "Tocsin <tocsin@example.com>"
    with time_machine.travel(START, tick=False) as clock:
        made = OnCallTeam(workspace, make_actor, clock)
        User.objects.all().update(address_proven_at=START)
        monkeypatch.setattr(seam.PAGE_PLANNERS, "_items", {"test": made.plan})
        yield made


def test_sev1_pages_on_call_then_managers_in_three_rounds_and_ends(team):
    incident = team.open()
    team.pass_minutes(50)
    expected = []
    for start in (0, 15, 30):
        expected += [(start, "ann"), (start + 5, "ann"), (start + 10, "mia")]
    assert team.paged == expected
    assert len({page.event_key for _, _, page in team.planned}) == 9
    assert team.entries(incident)[-1] == "Escalation ended: no one acknowledged in 3 rounds of SEV1."
    assert team.escalation().phase == "ended"


def test_acknowledgement_stops_it_and_lapses_without_a_sign(team):
    incident = team.open()
    team.pass_minutes(2)
    acknowledge_incident(team.ann, incident_id=incident.pk)
    acknowledge_escalation(team.workspace.pk, incident.pk, user_id=team.ann.user_id, now=timezone.now())
    team.pass_minutes(45)
    assert team.paged == [(0, "ann"), (32, "ann"), (42, "ann"), (47, "ann")]
    assert [page.is_notice for _, _, page in team.planned] == [False, True, False, False]
    assert any("lapsed" in text for text in team.entries(incident))
    incident.refresh_from_db()
    assert incident.acknowledged_at == START + 2 * MINUTE


def test_note_of_the_holder_renews_the_acknowledgement(team):
    incident = team.open()
    acknowledge_incident(team.ann, incident_id=incident.pk)
    team.pass_minutes(25)
    add_note(team.ann, incident_id=incident.pk, message="Looking at the pool.")
    team.pass_minutes(20)
    assert [minute for minute, _ in team.paged] == []
    team.pass_minutes(15)
    assert team.paged == [(55, "ann")]


def test_growth_pages_again_although_it_was_acknowledged(team):
    incident = team.open("sev2")
    team.pass_minutes(1)
    acknowledge_incident(team.ann, incident_id=incident.pk)
    team.pass_minutes(5)
    assert team.start(incident, "the incident grew")
    team.pass_minutes(0)
    assert team.paged == [(0, "ann"), (6, "ann")]
    acknowledge_escalation(team.workspace.pk, incident.pk, user_id=team.ann.user_id, now=timezone.now())
    team.pass_minutes(30)
    assert len(team.paged) == 2


def _acknowledge(team, incident, by) -> None:
    acknowledge_incident(by, incident_id=incident.pk)
    team.relay()


def _acknowledged_and_grown(team) -> Incident:
    """Acknowledged by Ann at once; a minute later it grew and paged her again."""
    incident = team.open()
    _acknowledge(team, incident, team.ann)
    team.clock.shift(MINUTE)
    assert team.start(incident, "the incident grew")
    team.pass_minutes(1)
    assert team.paged == [(1, "ann")]
    return incident


@pytest.mark.parametrize("name", ["ann", "manager"])
def test_acknowledging_again_stops_paging_that_started_again(team, name):
    incident, person = _acknowledged_and_grown(team), getattr(team, name)
    for _ in range(2):
        _acknowledge(team, incident, person)
    assert (team.escalation().phase, team.escalation().holder_id) == ("acknowledged", person.user_id)
    team.pass_minutes(25)
    assert team.paged == [(1, "ann")]
    written = TimelineEntry.objects.of(team.workspace.pk).filter(incident=incident, kind="acknowledged")
    labels = ["Acknowledged by Ann. Open → Investigating. Ann is commander."]
    assert [*written.order_by("id").values_list("message", flat=True)] == [
        *labels, f"Acknowledged again by {person.label}.",
    ]  # fmt: skip
    incident.refresh_from_db()
    assert (incident.acknowledged_at, incident.acknowledged_label) == (START, "Ann")
    with pytest.raises(Conflict, match=f"acknowledged already by {person.label}"):
        acknowledge_incident(team.admin, incident_id=incident.pk)


def test_acknowledging_again_in_bulk_is_no_repeat_of_the_first_request(team):
    incident = team.open()
    for minutes in (0, 1):
        team.clock.shift(minutes * MINUTE)
        assert not minutes or team.start(incident, "the incident grew")
        team.clock.shift(MINUTE)
        action = act_on_many(team.ann, kind="acknowledge", picks=[Pick(incident.number)])
        assert [step.outcome for step in action.steps.all()] == ["done"]
        team.relay()
        assert team.escalation().phase == "acknowledged"
    assert BulkAction.objects.of(team.workspace.pk).count() == 1


@pytest.mark.parametrize("when", ["first", "grown", "again"])
def test_undone_acknowledgement_pages_the_next_step_at_once(team, when):
    if when == "again":
        incident = _acknowledged_and_grown(team)
    else:
        incident = team.open()
        team.pass_minutes(0)
        assert when == "first" or team.start(incident, "the incident grew")
        team.pass_minutes(1)
    number, before = incident.number, list(team.paged)

    def run() -> Incident:
        return acknowledge_incident(team.ann, number=number)

    assert act_on_one(team.ann, kind=BulkKind.ACKNOWLEDGE, number=number, run=run)
    team.relay()
    team.pass_minutes(1)
    assert (team.escalation().phase, team.paged) == ("acknowledged", before)
    team.undo(team.ann)
    team.pass_minutes(0)
    assert team.escalation().phase == "running"
    assert [name for _, name in team.paged] == [*(name for _, name in before), "ann"]
    incident.refresh_from_db()
    assert (incident.acknowledged_at is None) == (when != "again")


def test_undoing_counts_once_and_not_against_a_later_acknowledgement(team):
    incident = team.open()
    action = act_on_many(team.ann, kind="acknowledge", picks=[Pick(incident.number)])
    team.relay()
    BulkAction.objects.of(team.workspace.pk).update(made_at=timezone.now())
    undo_action(team.ann, action_id=action.pk)
    acknowledge_incident(team.manager, incident_id=incident.pk)
    undone = OutboxEvent.objects.get(topic="incident.unacknowledged")
    follow_incident(undone)
    team.pass_minutes(0)
    assert team.paged == []
    assert team.escalation().holder_id == team.manager.user_id
    follow_incident(undone)
    assert team.escalation().phase == "acknowledged"


def test_role_does_not_acknowledge_what_no_one_acknowledged(team):
    incident = team.open()
    team.pass_minutes(0)
    assert team.start(incident, "the incident grew")
    team.clock.shift(MINUTE)
    assign_role(team.manager, number=incident.number, username="ann")
    team.pass_minutes(5)
    assert team.paged == [(0, "ann"), (1, "ann"), (6, "ann")]


def test_same_event_again_starts_nothing(team):
    incident = team.open()
    team.pass_minutes(0)
    team.events -= 1
    assert not team.start(incident, "opened")
    assert team.escalation().generation == 1


def test_machine_pauses_a_sev2_for_one_lease_and_a_sev1_not_at_all(team):
    for severity, expected in (("sev2", [0, 61]), ("sev1", [0, 5])):
        team.planned.clear()
        Escalation.objects.of(team.workspace.pk).delete()
        team.clock.move_to(START)
        incident = team.open(severity)
        team.pass_minutes(1)
        acknowledge_escalation(team.workspace.pk, incident.pk, user_id=None, now=timezone.now())
        team.pass_minutes(expected[1] - 1)
        assert [minute for minute, _ in team.paged] == expected, severity


def test_resolved_incident_pages_no_one(team):
    incident = team.open()
    team.pass_minutes(0)
    Incident.objects.of(team.workspace.pk).filter(pk=incident.pk).update(status="resolved")
    team.pass_minutes(10)
    assert team.paged == [(0, "ann")]
    assert team.escalation().phase == "ended"


def test_drill_pages_only_those_who_joined(team):
    team.open(is_drill=True)
    team.pass_minutes(60)
    assert team.paged == []


def test_drill_pages_its_participants_instead_of_others(team):
    incident = team.open(is_drill=True)
    drill = Drill.objects.create(workspace=team.workspace, title="Practice", incident=incident)
    bob = User.objects.create_user("bob", display_name="bob")
    Membership.objects.create(workspace_id=team.workspace.pk, user=bob, role="responder")
    DrillParticipant.objects.create(workspace=team.workspace, drill=drill, user=bob)
    team.pass_minutes(0)
    assert team.paged == [(0, "bob")]


def test_policy_that_reaches_no_one_pages_all_admins(team):
    Membership.objects.of(team.workspace.pk).filter(user__username__in=["ann", "mia"]).delete()
    incident = team.open()
    team.pass_minutes(0)
    assert team.paged == [(0, "adam")]
    assert team.escalation().reaches_no_one
    assert [text for text in team.entries(incident) if "names no one" in text]


def test_admins_are_paged_where_no_one_else_has_a_contact_method(team):
    User.objects.filter(username__in=["ann", "mia"]).update(address_proven_at=None)
    incident = team.open()
    team.pass_minutes(60)
    names = [name for _, name in team.paged]
    assert {"ann", "mia", "adam"} == set(names)
    assert [text for text in team.entries(incident) if "reaches no one. Paged all admins" in text]


@pytest.mark.parametrize("why", ["off", "deleted", "private"])
def test_step_whose_channels_get_nothing_is_passed_at_once(team, why):
    channel = create_channel(team.admin, kind="log", name="Log")
    steps = [
        {"wait_s": 300, "targets": [{"kind": "channel", "channel_id": channel.pk}]},
        {"wait_s": 300, "targets": [{"kind": "on_call"}]},
    ]
    policy = EscalationPolicy.objects.of(team.workspace.pk).get(name="SEV1")
    put_policy(team.system, values=PolicyValues("SEV1", steps, severities=["sev1"]), policy_id=policy.pk)
    if why == "off":
        update_channel(team.admin, channel_id=channel.pk, is_enabled=False)
    elif why == "deleted":
        Channel.objects.of(team.workspace.pk).filter(pk=channel.pk).delete()
    incident = team.open(is_private=why == "private")
    team.pass_minutes(1)
    assert (0, "ann") in team.paged
    assert "names no one" in team.entries(incident)[0]


def test_without_a_policy_the_user_on_call_gets_one_notice(team):
    incident = team.open("sev3")
    team.start(incident, "the incident grew")
    assert [(name, page.is_notice) for _, name, page in team.planned] == [("ann", True)]


def test_edit_of_the_policy_changes_no_running_escalation(team):
    team.open()
    EscalationPolicy.objects.of(team.workspace.pk).all().delete()
    team.pass_minutes(10)
    assert team.paged == [(0, "ann"), (5, "ann"), (10, "mia")]


@pytest.mark.timeout(count(240, 1800))
def test_days_with_crashes_page_each_step_once_and_in_time(team, monkeypatch):
    """An incident each six hours; workers die after planning; every step once, at most a minute late."""
    deaths = Counter()
    plan = team.plan

    def dying(workspace_id, pages):
        plan(workspace_id, pages)
        deaths["calls"] += 1
        if deaths["calls"] % 4 == 0:
            team.planned.pop()  # the transaction of a worker that dies is rolled back
            raise KeyboardInterrupt

    monkeypatch.setattr(seam.PAGE_PLANNERS, "_items", {"test": dying})
    opened = {}
    for minute in range(0, count(3, 30) * 24 * 60, 5):
        if minute % 360 == 0:
            opened[minute] = team.open("sev1" if minute % 720 else "sev2")
        for _ in range(3):
            try:
                run_due(CLOCKS, at=timezone.now())
            except KeyboardInterrupt:
                Escalation.objects.of(team.workspace.pk).update(lease_until=None)
                continue
            break
        team.clock.shift(5 * MINUTE)
    keys = Counter(page.event_key for _, _, page in team.planned)
    assert deaths["calls"] > 60
    assert max(keys.values()) == 1
    waits = {"sev1": range(0, 45, 5), "sev2": range(0, 60, 10)}
    for minute, incident in opened.items():
        mine = [at - minute for at, _, page in team.planned if page.incident_id == incident.pk]
        assert mine == list(waits[incident.severity])
