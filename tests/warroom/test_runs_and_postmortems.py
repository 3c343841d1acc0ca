"""Runs are requested, approved and rejected in Slack by the linked member; postmortems are posted."""

from __future__ import annotations

import json

import pytest

from incidents.lifecycle.services.resolving import resolve_incident
from incidents.timeline.services.notes import add_note
from postmortems.documents.comments import add_comment
from postmortems.documents.models import Postmortem, Section
from remediation.models import RemediationRun, RunApproval
from remediation.runs.services.proposing import Request, request_run
from tests.warroom.acting import click
from warroom.inbound.remediating import REQUEST_ACTION, SHOW_ACTION
from warroom.models import Announcement, RoomMessage
from warroom.rooms.run_blocks import APPROVE, REJECT, run_code

pytestmark = pytest.mark.django_db
MEDIUM, LOW = "rollback_deployment", "scale_up"


def messages(connected, incident) -> list[dict]:
    return list(connected.slack.channels[connected.room(incident).channel_id].messages.values())


def requested_run(connected, incident, slug: str = MEDIUM) -> tuple[RemediationRun, dict]:
    """A run that awaits approval, and its message in the room."""
    run = request_run(connected.actor, incident.number, Request(slug))
    for second in range(4):
        connected.settle(later=60 + second)
    [message] = [one for one in messages(connected, incident) if APPROVE in json.dumps(one)]
    return run, message


def value_of(message: dict, action_id: str) -> str:
    [row] = [block for block in message["blocks"] if block["type"] == "actions"]
    return next(one["value"] for one in row["elements"] if one["action_id"] == action_id)


def test_run_is_approved_by_the_linked_member_and_its_message_follows(connected):
    incident = connected.open()
    run, message = requested_run(connected, incident)
    assert run.digest == value_of(message, APPROVE).split(":")[1]
    value = value_of(message, APPROVE)
    assert run.preview.splitlines()[0][:30] in json.dumps(message, ensure_ascii=False)
    reply = click(connected, APPROVE, value, user=connected.rita)
    assert reply.status_code == 200
    assert "Nothing was approved" in connected.fake.responses[-1]["text"]  # no manager, and no one is on call
    assert not RunApproval.objects.of(run.workspace_id).exists()
    for _ in range(2):
        click(connected, APPROVE, value, user=connected.adam)
    approval = RunApproval.objects.of(run.workspace_id).get()
    assert (approval.approver_id, approval.via, approval.digest) == (
        connected.admin.user_id, "slack", run.digest,
    )  # fmt: skip
    run.refresh_from_db()
    assert run.state == "approved"
    for second in range(4):
        connected.settle(later=120 + second)
    [shown] = [one for one in messages(connected, incident) if one["ts"] == message["ts"]]
    assert APPROVE not in json.dumps(shown)
    assert "Approved" in json.dumps(shown)


def test_approval_of_another_digest_is_refused(connected):
    incident = connected.open()
    run, message = requested_run(connected, incident)
    forged = f"{run.pk}:{'0' * 64}"
    for action_id in (APPROVE, REJECT):
        click(connected, action_id, forged, user=connected.adam)
        assert "nothing was" in connected.fake.responses[-1]["text"].lower()
    run.refresh_from_db()
    assert run.state == "awaiting_approval"
    click(connected, REJECT, value_of(message, REJECT), user=connected.adam)
    run.refresh_from_db()
    assert run.state == "rejected"


def test_outsider_and_viewer_approve_nothing(connected, make_actor):
    incident = connected.open()
    run, message = requested_run(connected, incident)
    make_actor("viewer", username="vic")
    connected.slack.person("U0VIC", "nobody@example.test")
    for user in ("U0VIC", "U0NOBODY"):
        click(connected, APPROVE, value_of(message, APPROVE), user=user)
        assert "not linked" in connected.fake.responses[-1]["text"]
    assert not RunApproval.objects.of(run.workspace_id).exists()


def test_actions_are_listed_shown_and_requested_once(connected):
    incident = connected.open()
    channel = connected.room(incident).channel_id
    listed = connected.command("actions", channel=channel).json()
    assert SHOW_ACTION in json.dumps(listed["blocks"])
    assert listed["response_type"] == "ephemeral"
    connected.command(f"actions {LOW}", channel=channel)
    shown = connected.fake.responses[-1]
    assert "Dry run" in json.dumps(shown)
    [row] = [block for block in shown["blocks"] if block["type"] == "actions"]
    wanted = row["elements"][0]
    assert (wanted["action_id"], wanted["text"]["text"]) == (REQUEST_ACTION, "Run now")
    signed = connected.fake.interaction(
        "block_actions", connected.rita, actions=[{**wanted, "block_id": "b"}],
    )  # fmt: skip
    for _ in range(3):
        connected.send("interactions", signed)
        connected.settle(later=60)
    run = RemediationRun.objects.of(incident.workspace_id).get()
    assert (run.action.slug, run.requested_by.username) == (LOW, "rita.responder")
    connected.command("actions no_such_thing", channel=channel)
    assert "There is no such action" in connected.fake.responses[-1]["text"]


def test_approve_command_shows_what_waits_and_takes_its_code(connected):
    incident = connected.open()
    channel = connected.room(incident).channel_id
    assert "awaits approval" in connected.command("approve", channel=channel).json()["text"]
    run, _ = requested_run(connected, incident)
    listed = connected.command("approve", channel=channel, user=connected.adam).json()
    assert f"{run.pk}:{run.digest}" in json.dumps(listed["blocks"])
    connected.command("approve abc", channel=channel, user=connected.adam)
    assert "and their codes" in connected.fake.responses[-1]["text"]
    connected.command(f"approve {'f' * 12}", channel=channel, user=connected.adam)
    assert "Nothing was approved" in connected.fake.responses[-1]["text"]
    connected.command(f"approve {run_code(run)} looks right", channel=channel, user=connected.adam)
    run.refresh_from_db()
    assert (run.state, run.approvals.get().note) == ("approved", "looks right")


def test_incident_without_a_room_is_worked_on_in_its_thread(connected):
    incident = connected.open("sev3")
    announced = Announcement.objects.of(incident.workspace_id).get()
    add_note(connected.actor, incident_id=incident.pk, message="Looking at the load balancer")
    connected.fake.drop("chat.postMessage", after=True)
    request_run(connected.actor, incident.number, Request(MEDIUM))
    for second in range(8):
        connected.settle(later=60 + 90 * second)
    below = [one for one in connected.announce.messages.values() if one.get("thread_ts") == announced.ts]
    text = json.dumps(below, ensure_ascii=False)
    assert text.count("Looking at the load balancer") == 1
    assert sum(APPROVE in json.dumps(one) for one in below) == 1
    assert not RoomMessage.objects.of(incident.workspace_id).filter(state="pending").exists()


def test_postmortem_is_drafted_bookmarked_and_posted_in_the_room(connected):
    incident = connected.open()
    resolve_incident(connected.actor, incident_id=incident.pk, message="Failed over")
    channel = connected.room(incident).channel_id
    connected.settle(later=60)
    for _ in range(2):
        connected.command("postmortem", channel=channel)
        connected.settle(later=120)
    postmortem = Postmortem.objects.of(incident.workspace_id).get()
    assert f"/postmortems/{incident.reference}|Postmortem" in connected.fake.responses[-1]["text"]
    marks = [one["title"] for one in connected.slack.channels[channel].bookmarks]
    assert marks == [f"{incident.reference} in Tocsin", f"Postmortem of {incident.reference}"]
    section = Section.objects.of(incident.workspace_id).filter(postmortem=postmortem).first()
    add_comment(connected.admin, incident.reference, section_key=section.key, body="Who was <paged>?")
    for second in range(4):
        connected.settle(later=180 + second)
    posted = [one["text"] for one in messages(connected, incident)]
    assert sum("Who was &lt;paged&gt;?" in one for one in posted) == 1
    assert sum("*Postmortem*" in one for one in posted) == 1
