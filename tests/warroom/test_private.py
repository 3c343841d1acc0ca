"""Private incidents in Slack: a private room for the invited, and no message elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.queue.runner import run_due
from core.queues import RELAY
from incidents.correlation.services.opening import declare_incident
from incidents.privacy.services import invite_person, remove_person, set_private
from incidents.timeline.services.notes import add_note
from tests.web.signed_in import browser_for
from warroom.connection.services.linking import link_member
from warroom.inbound.reconcile import plan_reconciling
from warroom.models import Room, RoomMessage, RoomStep, SlackTeam, SlackUser
from warroom.rooms.creating import _ours
from warroom.rooms.services.planning import repair_room
from warroom.rooms.steps import run_step

pytestmark = pytest.mark.django_db
SECRET = "Payroll data leaked"


def texts_in(channel) -> str:
    return str(list(channel.messages.values())) + channel.topic


def test_private_incident_has_a_private_room_for_the_invited_and_no_announcement(connected, make_actor):
    incident = connected.open(title=SECRET, is_private=True)
    connected.settle(later=60)
    channel = connected.slack.channels[connected.room(incident).channel_id]
    assert channel.is_private
    assert connected.announce.messages == {}
    assert connected.adam not in channel.members
    invite_person(connected.actor, number=incident.number, username="adam.admin")
    add_note(connected.actor, number=incident.number, message="Two files")
    connected.settle(later=120)
    assert connected.adam in channel.members
    assert "Two files" in texts_in(channel)


def test_others_get_no_such_incident(connected, make_actor):
    incident = connected.open(title=SECRET, is_private=True)
    make_actor("responder", username="sam")
    connected.slack.person("U0SAM", "sam@elsewhere.test")
    link_member(connected.admin, slack_id="U0SAM", username="sam")
    for verb in ("show", "timeline", "actions"):
        shown = connected.command(f"{verb} INC-{incident.number}", user="U0SAM").json()["text"]
        assert f"There is no INC-{incident.number}" in shown, verb
    connected.command(f"note INC-{incident.number} hello", user="U0SAM")
    assert "There is no" in connected.fake.responses[-1]["text"]
    assert SECRET not in connected.command("list", user="U0SAM").json()["text"]


def test_incident_that_turns_private_leaves_its_public_channel_and_announcement(connected, make_actor):
    incident = connected.open(title=SECRET)
    public = connected.slack.channels[connected.room(incident).channel_id]
    connected.settle(later=60)
    set_private(connected.actor, number=incident.number, is_private=True, reason="Personal data")
    add_note(connected.actor, number=incident.number, message="Two files of payroll")
    for seconds in (60, 120, 180):
        connected.settle(later=seconds)
    room = connected.room(incident)
    fresh = connected.slack.channels[room.channel_id]
    assert (room.state, fresh.is_private, fresh.id != public.id) == ("open", True, True)
    assert fresh.pins == [room.card_ts]
    assert "Two files of payroll" in texts_in(fresh)
    assert public.is_archived
    assert "Two files" not in texts_in(public)
    announced = texts_in(connected.announce)
    assert SECRET not in announced
    assert "is private now" in announced


def test_pending_messages_are_dropped_once_the_incident_is_private(connected):
    connected.fake.fail("chat.postMessage", "503", times=2)
    incident = connected.open("sev3", title=SECRET)
    connected.settle(later=1)
    connected.fake.faults.clear()
    connected.announce.messages.clear()
    set_private(connected.actor, number=incident.number, is_private=True, reason="Personal data")
    for seconds in (60, 120):
        connected.settle(later=seconds)
    assert SECRET not in texts_in(connected.announce)
    assert not RoomMessage.objects.of(incident.workspace_id).exclude(ts="").exists()


def _relay() -> None:
    while run_due(RELAY, at=timezone.now()):
        pass


def test_public_channel_made_while_its_incident_turns_private_is_archived(connected):
    incident = declare_incident(connected.actor, title=SECRET, severity="sev1")
    _relay()
    steps = RoomStep.objects.of(incident.workspace_id).select_related("room__team")
    held = steps.get(kind="create")  # a worker has it, with the room as it was
    set_private(connected.actor, number=incident.number, is_private=True, reason="Personal data")
    _relay()
    run_step(held)
    for seconds in (0, 60, 120):
        connected.settle(later=seconds)
    room = connected.room(incident)
    made = [one for one in connected.slack.channels.values() if one.creator == connected.slack.bot_user_id]
    assert room.state == "open"
    assert [(one.is_private, one.is_archived, one.id == room.channel_id) for one in made] == [
        (False, True, False), (True, False, True),
    ]  # fmt: skip


def test_only_a_channel_of_its_kind_that_no_room_has_is_taken_for_ours(connected, other_workspace):
    room, since = connected.room(connected.open()), timezone.now() - timedelta(minutes=1)
    assert _ours(room, room.name, since)["id"] == room.channel_id
    elsewhere = Room(workspace_id=other_workspace.pk, team=room.team)
    assert _ours(elsewhere, room.name, since) is None
    room.is_private = True
    assert _ours(room, room.name, since) is None


@pytest.fixture
def sam(connected, make_actor):
    """A private incident with its channel, to which Sam is invited."""
    make_actor("responder", username="sam")
    connected.slack.person("U0SAM", "sam@elsewhere.test")
    link_member(connected.admin, slack_id="U0SAM", username="sam")
    incident = connected.open(title=SECRET, is_private=True)
    invite_person(connected.actor, number=incident.number, username="sam")
    connected.settle(later=60)
    channel = connected.slack.channels[connected.room(incident).channel_id]
    assert "U0SAM" in channel.members
    return incident, channel


def _removal(incident) -> RoomStep:
    return RoomStep.objects.of(incident.workspace_id).get(kind="remove")


def test_person_removed_from_a_private_incident_leaves_its_channel_and_every_later_one(connected, sam):
    incident, channel = sam
    remove_person(connected.actor, number=incident.number, username="sam")
    connected.settle(later=60)
    assert "U0SAM" not in channel.members
    assert connected.rita in channel.members
    page = browser_for(connected.actor).get(f"/incidents/{incident.reference}").content.decode()
    assert "Remove Sam: done" in " ".join(page.split())
    channel.is_archived = True
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    repair_room(connected.actor, number=incident.number)
    connected.settle(later=60)
    fresh = connected.slack.channels[connected.room(incident).channel_id]
    assert (fresh.id != channel.id, connected.rita in fresh.members) == (True, True)
    assert "U0SAM" not in fresh.members
    invite_person(connected.actor, number=incident.number, username="sam")
    connected.settle(later=60)
    assert "U0SAM" in fresh.members


def test_person_removed_while_a_worker_invites_them_is_removed_after_it(connected, sam):
    incident, channel = sam
    invite = RoomStep.objects.of(incident.workspace_id).filter(kind="invite", label="Sam")
    until = timezone.now() + timedelta(seconds=60)
    invite.update(state="pending", lease_until=until)
    held = invite.select_related("room__team").get()
    channel.members.remove("U0SAM")
    remove_person(connected.actor, number=incident.number, username="sam")
    _relay()
    run_step(held)
    assert "U0SAM" not in channel.members
    assert _removal(incident).due_at == until


def test_person_removed_while_slack_is_disconnected_leaves_the_channel_later(connected, sam):
    incident, channel = sam
    teams = SlackTeam.objects.of(incident.workspace_id)
    teams.update(slack_id="")
    remove_person(connected.actor, number=incident.number, username="sam")
    _relay()
    teams.update(slack_id=connected.slack.team_id)
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert "U0SAM" not in channel.members


@pytest.mark.parametrize(
    ("code", "state", "tries"),
    [
        ("not_in_channel", "done", 1),
        ("user_not_found", "done", 1),
        ("cant_kick_self", "dead", 1),
        ("restricted_action", "dead", 1),
        ("ratelimited", "done", 2),
        ("503", "done", 2),
    ],
)
def test_removal_that_slack_refuses_is_retried_or_shown(connected, sam, code, state, tries):
    incident, channel = sam
    connected.fake.fail("conversations.kick", code)
    remove_person(connected.actor, number=incident.number, username="sam")
    connected.settle()
    SlackTeam.objects.of(incident.workspace_id).update(paused={})
    connected.settle(later=120)
    step = _removal(incident)
    assert (step.state, len(connected.fake.calls("conversations.kick"))) == (state, tries)
    assert (connected.room(incident).state == "needs_help") is (state == "dead") is bool(step.hint)
    assert ("U0SAM" in channel.members) is (tries == 1)


def test_removal_without_its_scope_is_shown_and_can_be_repaired(connected, sam):
    incident, channel = sam
    connected.fake.scopes.remove("groups:write")
    remove_person(connected.actor, number=incident.number, username="sam")
    connected.settle(later=60)
    assert (_removal(incident).code, connected.room(incident).state) == ("missing_scope", "needs_help")
    connected.fake.scopes.append("groups:write")
    assert repair_room(connected.actor, number=incident.number) == 1
    connected.settle(later=60)
    assert (connected.room(incident).state, "U0SAM" in channel.members) == ("open", False)


def test_removed_person_without_a_linked_account_is_named(connected, sam):
    incident, _ = sam
    SlackUser.objects.of(incident.workspace_id).filter(slack_id="U0SAM").delete()
    remove_person(connected.actor, number=incident.number, username="sam")
    connected.settle(later=60)
    assert (_removal(incident).code, "Remove them in Slack" in _removal(incident).hint) == (
        "not_linked",
        True,
    )
