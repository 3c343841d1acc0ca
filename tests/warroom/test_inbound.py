"""Commands, clicks, forms, shortcuts and events of Slack: each has one effect, by permission."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership, User
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.models import Incident, RoleAssignment, TimelineEntry
from tests.warroom.acting import click, submit, text
from warroom.connection import people
from warroom.connection.services.linking import link_member
from warroom.inbound import modals, remediating, routes
from warroom.inbound.commands import READS, RUN_COMMANDS, WRITES, parse_command
from warroom.models import SlackInbox, SlackPin
from warroom.rooms.cards import ADD_UPDATE, OPEN_PAGE, RESOLVE
from warroom.slack.client import call

pytestmark = pytest.mark.django_db


def latest(connected) -> Incident:
    return Incident.objects.of(connected.team.workspace_id).order_by("-number").first()


def entries(incident: Incident, kind: str) -> list[str]:
    found = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind=kind)
    return list(found.order_by("id").values_list("message", flat=True))


def last_reply(connected) -> str:
    return connected.fake.responses[-1]["text"]


def test_ids_and_verbs_never_change():
    assert (RESOLVE, ADD_UPDATE, OPEN_PAGE) == ("resolve_incident", "add_update", "open_incident_page")
    assert modals.OF_VERB == {
        "declare": "tocsin_declare", "update": "tocsin_update", "resolve": "tocsin_resolve",
        "role": "tocsin_role",
    }  # fmt: skip
    assert (routes.COMMAND, routes.SHORTCUT) == ("/incident", "add_to_timeline")
    assert set(READS) == {"help", "list", "show", "timeline", "oncall"}
    assert set(WRITES) == {
        "declare", "ack", "assign", "role", "severity", "status", "stage", "update", "note", "resolve",
        "reopen", "close", "postmortem",
    }  # fmt: skip
    assert set(RUN_COMMANDS) == {"actions", "approve"}
    assert set(remediating.CLICKS) == {"show_action", "request_action", "approve_run", "reject_run"}


@pytest.mark.parametrize(
    ("given", "verb", "reference", "rest"),
    [
        ("", "help", "", ""),
        ("ack", "ack", "", ""),
        ("note INC-4 the &lt;disk&gt; is full", "note", "INC-4", "the &lt;disk&gt; is full"),
        ("severity #7 sev1", "severity", "#7", "sev1"),
        ("declare 500 errors", "declare", "", "500 errors"),
        ("in:acme", "help", "", ""),
        ("in:acme ack INC-4 in: a minute", "ack", "INC-4", "in: a minute"),
    ],
)
def test_command_is_read(given, verb, reference, rest):
    command = parse_command(given)
    assert (command.verb, command.reference, command.text) == (verb, reference, rest)


def test_whole_incident_from_slack(connected):
    assert connected.command("declare sev1 Checkout &amp; basket down").status_code == 200
    incident = latest(connected)
    assert (incident.title, incident.severity, incident.source) == ("Checkout & basket down", "sev1", "slack")
    assert last_reply(connected) == f"{incident.reference} declared."
    room = connected.room(incident)
    for given in (
        "ack",
        "role tech_lead <@U0ADAM|adam>",
        "assign <@U0ADAM>",
        "severity sev2",
        "status identified bad deploy",
        "stage containment",
        "note saw <@U0ADAM> roll back",
        "update Rolling back",
        "resolve rolled back",
    ):
        reply = connected.command(given, channel=room.channel_id)
        assert (reply.status_code, reply.content) == (200, b""), given
    incident.refresh_from_db()
    assert (incident.status, incident.severity) == ("resolved", "sev2")
    assert entries(incident, "note") == ["saw @Adam Admin roll back"]
    assert entries(incident, "update") == ["Rolling back"]
    held = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident, ended_at=None)
    assert {one.role: one.user.username for one in held} == {
        "commander": "adam.admin",
        "tech_lead": "adam.admin",
    }
    connected.command(f"close INC-{incident.number}")
    connected.command(f"reopen INC-{incident.number}")
    incident.refresh_from_db()
    assert incident.status == "investigating"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "*Active incidents*"), ("list", "Checkout returns 500"), ("show INC-1", "Stage: Assessment"),
        ("timeline INC-1", "newest first"), ("oncall", "no on-call schedule"), ("show", "Name an incident"),
        ("frobnicate", "There is no"), ("show INC-99", "There is no INC-99"),
    ],
)  # fmt: skip
def test_reading_verbs_get_an_immediate_reply(connected, given, expected):
    connected.open("sev3")
    reply = connected.command(given).json()
    assert expected in reply["text"]
    assert reply["response_type"] == "ephemeral"


def test_replayed_requests_have_one_effect(connected):
    incident = connected.open("sev3")
    signed = connected.fake.command(f"note INC-{incident.number} once", connected.rita)
    for _ in range(4):
        assert connected.send("commands", signed).status_code == 200
        connected.settle()
    assert entries(incident, "note") == ["once"]
    assert SlackInbox.objects.of(incident.workspace_id).filter(kind="command").count() == 1


def test_lost_response_is_sent_later_without_repeating_its_effect(connected):
    incident = connected.open("sev3")
    connected.fake.response_faults = 1
    connected.command(f"resolve INC-{incident.number} rolled back")
    connected.settle(later=120)
    assert entries(incident, "resolution") == ["rolled back"]
    assert [one["text"] for one in connected.fake.responses] == [f"{incident.reference} resolved."]


def test_outsider_and_guest_are_refused(connected, make_actor):
    incident = connected.open("sev3")
    make_actor("admin", username="gus")
    for name, more in (
        ("U0NOBODY", {}), ("U0GUEST", {"is_restricted": True}), ("U0UNSURE", {"is_email_confirmed": False}),
    ):  # fmt: skip
        connected.slack.person(name, "gus@example.test", **more)
        if name == "U0NOBODY":
            del connected.slack.users[name]
        reply = connected.command("list", user=name)
        assert "not linked" in reply.json()["text"], name
        connected.command(f"resolve INC-{incident.number} x", user=name)
    incident.refresh_from_db()
    assert incident.status == "open"


def test_viewer_may_read_and_not_write(connected, make_actor):
    incident = connected.open("sev3")
    viewer = make_actor("viewer", username="vic")
    connected.slack.person("U0VIC", "vic@example.test")
    link_member(connected.admin, slack_id="U0VIC", username="vic")
    assert "Checkout" in connected.command("list", user="U0VIC").json()["text"]
    connected.command(f"resolve INC-{incident.number} x", user="U0VIC")
    assert "needs the role responder" in last_reply(connected)
    Membership.objects.of(viewer.workspace_id).filter(user_id=viewer.user_id).delete()
    assert "not linked" in connected.command("list", user="U0VIC").json()["text"]


def test_resolve_button_resolves_and_updates_the_card(connected):
    incident = connected.open()
    assert click(connected, RESOLVE, f"{incident.number}:{incident.version}").status_code == 200
    incident.refresh_from_db()
    assert incident.status == "resolved"
    room = connected.room(incident)
    card = str(connected.slack.channels[room.channel_id].messages[room.card_ts]["blocks"])
    assert "Resolved" in card
    assert "resolve_incident" not in card


def test_stale_button_changes_nothing_and_shows_the_state(connected):
    incident = connected.open()
    acknowledge_incident(connected.admin, incident_id=incident.pk)
    click(connected, RESOLVE, f"{incident.number}:{incident.version}")
    incident.refresh_from_db()
    assert incident.status == "investigating"
    assert "is now SEV1, investigating" in last_reply(connected)


def test_update_form_is_preserved_on_a_fault_and_written_once(connected):
    incident = connected.open()
    click(connected, ADD_UPDATE, f"{incident.number}:{incident.version}")
    [view] = connected.slack.views
    assert view["callback_id"] == modals.UPDATE
    response = submit(connected, view, message=text("  ")).json()
    assert response["response_action"] == "errors"
    assert list(response["errors"]) == ["message"]
    shown = {"type": "checkboxes", "selected_options": [{"value": "public"}]}
    assert submit(connected, view, message=text("We are on it"), public=shown).status_code == 200
    assert entries(incident, "update") == ["We are on it"]
    room = connected.room(incident)
    posted = [one["text"] for one in connected.slack.channels[room.channel_id].messages.values()]
    assert sum("We are on it" in one for one in posted) == 1


def test_forms_declare_resolve_and_assign(connected):
    connected.command("declare")
    severity = {"type": "static_select", "selected_option": {"value": "sev2"}}
    submit(connected, connected.slack.views[-1], title=text("Form"), severity=severity, description=text("d"))
    incident = latest(connected)
    assert (incident.title, incident.severity, incident.description) == ("Form", "sev2", "d")
    channel = connected.room(incident).channel_id
    connected.command("role", channel=channel)
    role = {"type": "static_select", "selected_option": {"value": "comms_lead"}}
    person = {"type": "users_select", "selected_user": connected.adam}
    submit(connected, connected.slack.views[-1], role=role, person=person)
    connected.command("resolve", channel=channel)
    submit(connected, connected.slack.views[-1], message=text("fixed"), root_cause=text("a bug"))
    incident.refresh_from_db()
    assert (incident.status, incident.root_cause) == ("resolved", "a bug")
    assert (
        RoleAssignment.objects.of(incident.workspace_id).get(role="comms_lead").user.username == "adam.admin"
    )


def test_form_that_slack_does_not_open_leads_to_the_page(connected):
    connected.fake.fail("views.open", "expired_trigger_id")
    assert "/incidents/declare" in connected.command("declare").json()["text"]


def test_shortcut_and_reaction_on_one_message_are_one_entry(connected):
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    channel.messages["1700000000.000100"] = {
        "ts": "1700000000.000100", "user": connected.adam, "text": "Disk of db-1 is full",
    }  # fmt: skip
    message = channel.messages["1700000000.000100"]
    signed = connected.fake.interaction(
        "message_action", connected.rita, callback_id="add_to_timeline", message=message,
        channel={"id": channel.id}, message_ts=message["ts"],
    )  # fmt: skip
    connected.send("interactions", signed)
    item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
    reaction = {"type": "reaction_added", "user": connected.rita, "reaction": "pushpin", "item": item}
    for number in range(3):
        connected.send("events", connected.fake.event(reaction, f"Ev{number}"))
    connected.settle(later=60)
    assert [one.split(": ")[1] for one in entries(incident, "note")] == ["Disk of db-1 is full"]
    assert SlackPin.objects.of(incident.workspace_id).count() == 1
    note = TimelineEntry.objects.of(incident.workspace_id).get(kind="note")
    assert note.occurred_at.timestamp() == 1_700_000_000.0001
    assert not any("Disk" in one["text"] for one in channel.messages.values() if "bot_id" in one)


def test_app_home_shows_my_incidents(connected):
    incident = connected.open("sev3")
    acknowledge_incident(connected.actor, incident_id=incident.pk)
    for number, user in enumerate((connected.rita, connected.adam)):
        opened = {"type": "app_home_opened", "user": user, "tab": "home"}
        connected.send("events", connected.fake.event(opened, f"Home{number}"))
    connected.settle()
    assert incident.reference in json.dumps(connected.slack.homes[connected.rita])
    assert "hold no role" in json.dumps(connected.slack.homes[connected.adam])


def test_removed_app_parks_the_team(connected):
    connected.send("events", connected.fake.event({"type": "app_uninstalled"}, "Gone"))
    connected.settle()
    connected.team.refresh_from_db()
    assert connected.team.state == "revoked"


def test_unknown_ids_are_acknowledged(connected):
    assert click(connected, "from_an_old_version", "1").status_code == 200
    signed = connected.fake.interaction(
        "view_submission", connected.rita, view={"type": "modal", "callback_id": "old"}
    )
    assert connected.send("interactions", signed).status_code == 200
    assert connected.send("events", connected.fake.event({"type": "message"}, "Ev9")).status_code == 200
    connected.settle()


def test_form_of_a_role_calls_slack_outside_of_its_transaction(connected, make_actor, monkeypatch):
    incident = connected.open()
    late = make_actor("responder", username="lou.late")
    User.objects.filter(pk=late.user_id).update(email="lou@example.test", address_proven_at=timezone.now())
    connected.slack.person("U0LATE", "lou@example.test")
    connected.command("role", channel=connected.room(incident).channel_id)
    depth, depths = len(connection.savepoint_ids), []

    def watched(*arguments, **given):
        depths.append(len(connection.savepoint_ids))
        return call(*arguments, **given)

    monkeypatch.setattr(people, "call", watched)
    role = {"type": "static_select", "selected_option": {"value": "tech_lead"}}
    person = {"type": "users_select", "selected_user": "U0LATE"}
    submit(connected, connected.slack.views[-1], role=role, person=person)
    assert depths == [depth]
    assert RoleAssignment.objects.of(incident.workspace_id).get(role="tech_lead").user_id == late.user_id
