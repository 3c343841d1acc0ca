"""Changes in Slack in the timeline: pins, edits, deletions, replies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OnCallSchedule, OnCallShift, Workspace
from incidents.attachments.models import Attachment
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.models import Incident, TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note
from tests.incidents.attachments.pictures import png
from tests.web.signed_in import browser_for
from warroom.connection.services.linking import link_member
from warroom.inbound.changes import DELETED, wants_message
from warroom.inbound.reconcile import plan_reconciling, reconcile_after_gap
from warroom.models import Announcement, SlackPin

pytestmark = pytest.mark.django_db
TS = "1700000000.000100"


def notes(incident: Incident) -> list[TimelineEntry]:
    found = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="note")
    return list(found.order_by("id"))


@pytest.fixture
def pinned(connected):
    """An incident whose room has one message of Adam, pinned by Rita by a reaction."""
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    channel.messages[TS] = {"ts": TS, "user": connected.adam, "text": "Disk full", "reactions": ["pushpin"]}
    item = {"type": "message", "channel": channel.id, "ts": TS}
    send(connected, {"type": "reaction_added", "user": connected.rita, "reaction": "pushpin", "item": item})
    assert len(notes(incident)) == 1
    return incident, channel, item


def send(connected, event: dict) -> None:
    connected.serial = getattr(connected, "serial", 0) + 1
    reply = connected.send("events", connected.fake.event(event, f"Ev{connected.serial}"))
    assert reply.status_code == 200
    connected.settle(later=60)


def edited(connected, channel, text: str) -> dict:
    channel.messages[TS]["text"] = text
    message = {"ts": TS, "user": connected.adam, "text": text, "edited": {"user": connected.adam, "ts": "1"}}
    return {"type": "message", "subtype": "message_changed", "channel": channel.id, "message": message}


def test_edit_of_a_pinned_message_rewords_its_entry(connected, pinned):
    incident, channel, _ = pinned
    event = edited(connected, channel, "Disk of db-1 full")
    for _ in range(2):
        send(connected, event)
    [note] = notes(incident)
    assert note.text == "@Adam Admin: Disk of db-1 full"
    assert (note.amendment_count, note.message.endswith("Disk full")) == (1, True)
    assert note.amendments.get().by_label == "Adam Admin"


def test_deleted_message_withdraws_its_entry(connected, pinned):
    incident, channel, _ = pinned
    del channel.messages[TS]
    event = {"type": "message", "subtype": "message_deleted", "channel": channel.id, "deleted_ts": TS}
    send(connected, event)
    [note] = notes(incident)
    assert note.withdrawn_at is not None
    assert note.amendments.get().message == DELETED


def test_entry_is_withdrawn_once_neither_pin_nor_reaction_is_left(connected, pinned):
    incident, channel, item = pinned
    channel.pins.append(TS)
    channel.messages[TS]["reactions"] = []
    gone = {"type": "reaction_removed", "user": connected.rita, "reaction": "pushpin", "item": item}
    send(connected, gone)
    assert notes(incident)[0].withdrawn_at is None
    channel.pins.remove(TS)
    message = {"type": "message", "channel": channel.id, "message": {"ts": TS}}
    send(
        connected,
        {"type": "pin_removed", "user": connected.rita, "channel_id": channel.id, "item": message},
    )
    assert notes(incident)[0].withdrawn_at is not None


def test_reply_below_the_announcement_is_one_note(connected):
    incident = connected.open("sev3")
    link_member(connected.admin, slack_id=connected.adam, username="adam.admin")
    announced = Announcement.objects.of(incident.workspace_id).get()
    reply = {
        "type": "message", "channel": announced.channel_id, "thread_ts": announced.ts, "ts": TS,
        "user": connected.rita, "text": "Ask <@U0ADAM>",
    }  # fmt: skip
    send(connected, reply)
    send(connected, reply)
    [note] = notes(incident)
    assert note.message == "Ask @Adam Admin"
    assert note.occurred_at.timestamp() == float(TS)
    send(connected, reply | {"ts": "1700000001.000100", "user": "U0NOBODY"})
    send(connected, reply | {"ts": "1700000002.000100", "bot_id": "B0OTHER"})
    assert len(notes(incident)) == 1


def test_edited_or_deleted_reply_changes_its_note(connected):
    incident = connected.open("sev3")
    announced = Announcement.objects.of(incident.workspace_id).get()
    reply = {
        "type": "message", "channel": announced.channel_id, "thread_ts": announced.ts, "ts": TS,
        "user": connected.rita, "text": "Index is slow",
    }  # fmt: skip
    send(connected, reply)
    changed = {
        "type": "message", "subtype": "message_changed", "channel": announced.channel_id,
        "message": {**reply, "text": "Index is gone", "edited": {"user": connected.rita, "ts": "1"}},
    }  # fmt: skip
    for _ in range(2):
        send(connected, changed)
    [note] = notes(incident)
    assert (note.text, note.amendment_count) == ("Index is gone", 1)
    deleted = {
        "type": "message", "subtype": "message_deleted", "channel": announced.channel_id, "deleted_ts": TS,
        "previous_message": reply,
    }  # fmt: skip
    send(connected, deleted)
    assert notes(incident)[0].amendments.last().message == DELETED


def test_edited_and_deleted_replies_missed_while_away_are_caught_up(connected):
    incident = connected.open("sev3")
    announced = Announcement.objects.of(incident.workspace_id).get()
    stamps = [f"170000000{number}.000100" for number in range(3)]
    for ts in stamps:
        connected.announce.messages[ts] = {
            "ts": ts, "thread_ts": announced.ts, "user": connected.rita, "text": f"Seen at {ts}",
        }  # fmt: skip
    reconcile_after_gap(incident.workspace_id, connected.team)
    connected.settle(later=60)
    connected.announce.messages[stamps[0]]["text"] = "Seen on db-1"
    del connected.announce.messages[stamps[1]]
    add_note(connected.admin, incident_id=incident.pk, message="Told by Tocsin in the thread")
    connected.settle(later=60)
    for minutes in (5, 10):
        plan_reconciling(timezone.now() + timedelta(minutes=minutes))
        connected.settle(later=60)
    found = {one.text for one in notes(incident) if one.withdrawn_at is None}
    assert found == {"Seen on db-1", f"Seen at {stamps[2]}", "Told by Tocsin in the thread"}
    assert len(notes(incident)) == 4


@pytest.mark.parametrize(
    ("event", "is_wanted"),
    [
        ({"ts": "1", "text": "chat"}, False),
        ({"ts": "2", "thread_ts": "1"}, True),
        ({"ts": "1", "thread_ts": "1"}, False),
        ({"ts": "2", "thread_ts": "1", "bot_id": "B"}, False),
        ({"subtype": "message_changed", "message": {"ts": "1"}}, True),
        ({"subtype": "message_changed", "message": {"bot_id": "B"}}, False),
        ({"subtype": "message_deleted", "deleted_ts": "1"}, True),
        ({"subtype": "channel_join", "ts": "1"}, False),
    ],
    ids=("chat", "reply", "parent", "bot", "edit", "edit-of-bot", "deletion", "join"),
)
def test_only_messages_that_may_change_a_timeline_are_stored(event, is_wanted):
    assert wants_message(event) is is_wanted


def test_reconciling_adds_rewords_and_withdraws_what_was_missed(connected, pinned):
    incident, channel, _ = pinned
    other = "1700000005.000100"
    channel.messages[other] = {"ts": other, "user": connected.adam, "text": "Failed over"}
    channel.pins.append(other)
    channel.pinned_by[other] = connected.rita
    channel.messages[TS]["reactions"] = []
    now = timezone.now()
    for at in (now, now, now + timedelta(minutes=5)):
        assert plan_reconciling(at) == 1
        connected.settle(later=60)
    first, second = notes(incident)
    assert first.withdrawn_at is not None
    assert second.text == "@Adam Admin: Failed over"
    channel.messages[other]["text"] = "Failed over to db-2"
    plan_reconciling(now + timedelta(minutes=10))
    connected.settle(later=60)
    assert notes(incident)[1].text == "@Adam Admin: Failed over to db-2"


def test_reactions_and_replies_missed_while_away_are_caught_up_once(connected):
    incident, alone = connected.open(), connected.open("sev3", title="Search is slow")
    channel = connected.slack.channels[connected.room(incident).channel_id]
    channel.messages[TS] = {"ts": TS, "user": connected.adam, "text": "Disk full", "reactions": ["pushpin"]}
    connected.slack.reacted[TS] = [connected.rita]
    [announced] = [one for one in connected.announce.messages.values() if "Search" in one["text"]]
    reply = {"ts": "1700000009.000100", "thread_ts": announced["ts"], "user": connected.rita, "text": "Index"}
    connected.announce.messages[reply["ts"]] = reply
    outsider = {**reply, "ts": "1700000010.000100", "user": "U0NOBODY"}
    connected.announce.messages[outsider["ts"]] = outsider
    for _ in range(2):
        assert reconcile_after_gap(connected.team.workspace_id, connected.team) == 2
        connected.settle(later=60)
        connected.settle(later=400)
    assert [one.message for one in notes(incident)] == ["@Adam Admin: Disk full"]
    assert [one.message for one in notes(alone)] == ["Index"]


def test_room_whose_channel_is_gone_is_lost(connected):
    incident = connected.open()
    del connected.slack.channels[connected.room(incident).channel_id]
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert connected.room(incident).state == "lost"


def test_changed_topic_is_set_again_and_only_then(connected):
    incident = connected.open(title="Disk & https://db-1.example.com is full")
    channel = connected.slack.channels[connected.room(incident).channel_id]
    topic, now = channel.topic, timezone.now()
    for minutes in (0, 5):
        plan_reconciling(now + timedelta(minutes=minutes))
        connected.settle(later=60)
    assert connected.fake.calls("conversations.setTopic") == ["ok"]
    channel.topic = "Lunch?"
    plan_reconciling(now + timedelta(minutes=10))
    connected.settle(later=60)
    assert channel.topic == topic
    assert connected.fake.calls("conversations.setTopic") == ["ok", "ok"]


def test_reconciling_invites_who_is_on_call_by_now_and_who_was_linked_meanwhile(connected, make_actor):
    incident = connected.open()
    sam, room = make_actor("responder", username="sam"), connected.room(incident)
    channel = connected.slack.channels[room.channel_id]
    acknowledge_incident(sam, incident_id=incident.pk)
    connected.settle(later=60)
    connected.slack.person("U0SAM", "other@example.test")
    link_member(connected.admin, slack_id="U0SAM", username="sam")
    now = timezone.now()
    schedule = OnCallSchedule.objects.create(
        workspace_id=incident.workspace_id, name="Weekly", time_zone="UTC"
    )
    Workspace.objects.filter(pk=incident.workspace_id).update(default_schedule=schedule)
    OnCallShift.objects.create(
        workspace_id=incident.workspace_id, schedule=schedule, user_id=connected.admin.user_id,
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1),
    )  # fmt: skip
    plan_reconciling(now + timedelta(minutes=5))
    connected.settle(later=60)
    assert {"U0SAM", connected.adam} <= set(channel.members)


def test_person_who_left_the_room_and_takes_a_role_is_invited_again(connected):
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    acknowledge_incident(connected.actor, incident_id=incident.pk)
    connected.settle(later=60)
    channel.members.remove(connected.rita)
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert connected.rita not in channel.members  # a person who left is not invited again
    assign_role(connected.admin, number=incident.number, role="tech_lead", user_id=connected.actor.user_id)
    connected.settle(later=60)
    assert connected.rita in channel.members


def test_app_removed_from_its_room_rejoins(connected):
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    channel.members.remove(connected.slack.bot_user_id)
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert connected.slack.bot_user_id in channel.members


def test_archived_room_is_replaced_on_request(connected):
    incident = connected.open()
    first = connected.slack.channels[connected.room(incident).channel_id]
    first.is_archived = True
    plan_reconciling(timezone.now())
    connected.settle(later=60)
    assert connected.room(incident).state == "archived"
    browser = browser_for(connected.actor)
    page = browser.get(f"/incidents/{incident.reference}").content.decode()
    assert "Open a new room" in page
    assert "was archived in Slack" in page
    assert browser.post(f"/incidents/{incident.reference}/war-room/repair").status_code == 303
    connected.settle(later=60)
    room = connected.room(incident)
    assert (room.state, room.name) == ("open", f"{first.name}-2")
    assert connected.slack.channels[room.channel_id].pins == [room.card_ts]
    add_note(connected.actor, incident_id=incident.pk, message="In the new room")
    connected.settle(later=60)
    posted = [one["text"] for one in connected.slack.channels[room.channel_id].messages.values()]
    assert any("In the new room" in text for text in posted)


def test_pictures_of_pinned_messages_are_stored_and_nothing_else(connected, storage):
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    foreign = {"name": "b.png", "mimetype": "image/png", "url_private": "https://example.com/b.png"}
    log = {"name": "a.log", "mimetype": "text/plain", "url_private": "https://files.slack.com/a.log"}
    fake = connected.fake.image("page.png", b"<html>not a picture</html>")
    picture = connected.fake.image("graph.png", png())
    channel.messages[TS] = {
        "ts": TS, "user": connected.adam, "text": "Look", "reactions": ["pushpin"],
        "files": [foreign, log, fake, picture],
    }  # fmt: skip
    item = {"type": "message", "channel": channel.id, "ts": TS}
    for _ in range(2):
        send(
            connected, {"type": "reaction_added", "user": connected.rita, "reaction": "pushpin", "item": item}
        )
    stored = Attachment.objects.of(incident.workspace_id).get()
    assert (stored.name, stored.content_type, stored.uploaded_by_id) == (
        "graph.png", "image/png", connected.actor.user_id,
    )  # fmt: skip
    assert notes(incident)[0].message == "@Adam Admin: Look (b.png, a.log, page.png, graph.png)"
    fetched = [one.path for one in connected.fake.receiver.received if one.path.startswith("/files/")]
    assert set(fetched) == {"/files/page.png", "/files/graph.png"}


@pytest.fixture
def pictured(connected, storage):
    """An incident with a message of one picture in its room, and what pins it."""
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    picture = connected.fake.image("graph.png", png())
    channel.messages[TS] = {
        "ts": TS, "user": connected.adam, "text": "Look", "reactions": ["pushpin"], "files": [picture],
    }  # fmt: skip
    item = {"type": "message", "channel": channel.id, "ts": TS}
    event = {"type": "reaction_added", "user": connected.rita, "reaction": "pushpin", "item": item}
    return incident, channel, event


def test_picture_that_could_not_be_stored_is_retried_and_blocks_nothing(connected, pictured):
    incident, channel, event = pictured
    connected.fake.file_faults = 2
    send(connected, event)
    connected.command("note meanwhile", channel=channel.id)
    assert len(notes(incident)) == 2
    assert not Attachment.objects.of(incident.workspace_id).exists()
    for minutes in (5, 10, 15):
        plan_reconciling(timezone.now() + timedelta(minutes=minutes))
        connected.settle(later=60)
    stored = Attachment.objects.of(incident.workspace_id).get()
    assert (stored.name, stored.uploaded_by_id) == ("graph.png", connected.actor.user_id)
    fetched = [one.path for one in connected.fake.receiver.received if one.path.startswith("/files/")]
    assert len(fetched) == 3


def test_picture_that_cannot_be_stored_is_reported_in_the_room_once(connected, pictured):
    incident, channel, event = pictured
    connected.fake.file_faults = 99
    send(connected, event)
    for minutes in range(5, 5 * 16, 5):
        plan_reconciling(timezone.now() + timedelta(minutes=minutes))
        connected.settle(later=60)
    posted = [one["text"] for one in channel.messages.values() if "not stored" in one["text"]]
    assert len(posted) == 1
    assert "12 tries" in posted[0]
    assert SlackPin.objects.of(incident.workspace_id).get().picture_tries == 0
