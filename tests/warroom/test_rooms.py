"""Rooms, cards and announcements against the fake Slack: each step once, for any failure of Slack."""

from __future__ import annotations

import json
import re

import pytest

from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import close_incident, reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.notes import add_note, add_update
from tests.web.signed_in import browser_for
from warroom.connection.checking import check_slack
from warroom.connection.services.settings import SlackValues, put_slack
from warroom.models import Room, RoomStep
from warroom.rooms.names import channel_name, topic_of
from warroom.rooms.services.planning import repair_room, request_room

pytestmark = pytest.mark.django_db
DAY_S = 86_400


def step(room: Room, kind: str) -> RoomStep:
    return RoomStep.objects.of(room.workspace_id).filter(room=room, kind=kind).first()


def card_of(connected, incident: Incident) -> dict:
    room = connected.room(incident)
    return connected.slack.channels[room.channel_id].messages[room.card_ts]


def texts(connected, incident: Incident) -> list[str]:
    channel = connected.slack.channels[connected.room(incident).channel_id]
    return [one["text"] for one in channel.messages.values()]


@pytest.mark.parametrize(
    ("title", "turn", "name"),
    [
        ("Checkout returns 500 for everyone", 1, "inc-7-checkout-returns-500"),
        ("Zahlung schlägt fehl", 1, "inc-7-zahlung-schlagt-fehl"),
        ("停电", 1, "inc-7"),
        ("Down", 2, "inc-7-down-2"),
    ],
)
def test_channel_name_is_short_and_plain(title, turn, name):
    assert channel_name(7, title, turn) == name


def test_topic_is_cut_to_what_slack_takes():
    topic = topic_of("SEV1", "x" * 400, "Open")
    assert len(topic) == 250
    assert topic.endswith("… | Status: Open")


def test_sev1_opens_a_complete_room(connected):
    incident = connected.open(description="Cards are declined & <all> users see 500.")
    acknowledge_incident(connected.actor, incident_id=incident.pk)
    connected.settle(later=60)
    room = connected.room(incident)
    channel = connected.slack.channels[room.channel_id]
    assert (room.state, channel.name) == ("open", f"inc-{incident.number}-checkout-returns-500")
    assert channel.topic == "[SEV1] Checkout returns 500 | Status: Investigating"
    assert connected.rita in channel.members
    assert channel.pins == [room.card_ts]
    assert channel.bookmarks[0]["link"].endswith(f"/incidents/INC-{incident.number}")
    card = str(card_of(connected, incident)["blocks"])
    for text in ("SEV1", "Investigating", f"<@{connected.rita}>", "Cards are declined &amp; &lt;all&gt;"):
        assert text in card
    assert "resolve_incident" in card
    assert "add_update" in card
    announced = list(connected.announce.messages.values())
    assert len(announced) == 1
    assert f"<#{room.channel_id}>" in str(announced[0]["blocks"])
    posted = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="slack")
    assert [one.message for one in posted] == [f"War room #{channel.name} opened in Slack."]
    assert all(outcome == "ok" for _, outcome in connected.fake.journal)


def test_title_calls_no_channel_in_slack(connected):
    connected.open(title="<!channel> <@U0ADAM> @channel @here", description="@everyone <!subteam^S1>")
    posted = [one for channel in connected.slack.channels.values() for one in channel.messages.values()]
    assert any("&lt;!channel&gt;" in one["text"] for one in posted)
    dumped = json.dumps(
        [posted, [one.topic for one in connected.slack.channels.values()]], ensure_ascii=False
    )
    assert "@channel" in dumped.replace("⁠", "")
    assert re.search(r"@(channel|here|everyone)", dumped) is None
    assert re.search(r"<!(channel|here|subteam)|<@U0ADAM>", json.dumps(posted)) is None


def test_sev3_has_no_room_until_one_is_requested(connected):
    incident = connected.open("sev3")
    assert not Room.objects.of(incident.workspace_id).filter(incident=incident).exists()
    browser = browser_for(connected.actor)
    assert b"Open war room" in browser.get(f"/incidents/{incident.reference}").content
    assert browser.post(f"/incidents/{incident.reference}/war-room").status_code == 303
    connected.settle()
    assert connected.room(incident).state == "open"
    assert request_room(connected.actor, number=incident.number).pk == connected.room(incident).pk
    page = browser.get(f"/incidents/{incident.reference}").content.decode()
    assert connected.room(incident).url in page


def test_worse_severity_opens_the_room(connected):
    incident = connected.open("sev3")
    change_severity(connected.actor, incident_id=incident.pk, severity="sev2")
    connected.settle()
    assert connected.room(incident).state == "open"


def test_drill_is_private_and_never_announced(connected):
    incident = connected.open(is_drill=True)
    assert connected.slack.channels[connected.room(incident).channel_id].is_private
    assert connected.announce.messages == {}


def test_storm_opens_ten_rooms_and_announces_the_rest(connected):
    for number in range(12):
        connected.open(title=f"Storm {number}")
    rooms = Room.objects.of(connected.team.workspace_id)
    assert rooms.count() == 10
    announced = [str(one["blocks"]) for one in connected.announce.messages.values()]
    assert len(announced) == 12
    assert sum("no room was opened" in one for one in announced) == 2


@pytest.mark.parametrize("method", ["conversations.create", "chat.postMessage", "bookmarks.add", "pins.add"])
@pytest.mark.parametrize("after", [True, False])
def test_lost_response_does_nothing_twice(connected, method, after):
    connected.fake.drop(method, after=after)
    incident = connected.open()
    connected.settle(later=120)
    room = connected.room(incident)
    channel = connected.slack.channels[room.channel_id]
    assert sum(one.creator == connected.slack.bot_user_id for one in connected.slack.channels.values()) == 1
    assert len(channel.messages) == len(channel.pins) == len(channel.bookmarks) == 1
    assert len(connected.announce.messages) == 1
    assert {one.state for one in room.steps.all()} == {"done"}


def test_taken_name_gets_a_suffix(connected):
    connected.slack.channel("inc-1-checkout-returns-500")
    incident = connected.open()
    assert connected.room(incident).name == "inc-1-checkout-returns-500-2"


def test_rate_limit_waits_for_the_retry_after_of_slack(connected):
    connected.fake.limit("conversations.create", 0)
    connected.fake.retry_after = 30
    incident = connected.open()
    connected.open(title="Second")
    assert connected.fake.calls("conversations.create") == ["ratelimited"]
    waiting = step(connected.room(incident), "create")
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    connected.fake.limits.clear()
    connected.team.refresh_from_db()
    connected.team.paused = {}
    connected.team.save()
    connected.settle(later=60)
    assert connected.room(incident).state == "open"


def test_refusal_is_shown_with_its_reason_and_can_be_repaired(connected):
    connected.fake.scopes.remove("channels:manage")
    incident = connected.open()
    room = connected.room(incident)
    failed = step(room, "create")
    assert (room.state, failed.state, failed.code) == ("needs_help", "dead", "missing_scope")
    assert "channels:manage" in failed.hint
    connected.team.refresh_from_db()
    assert connected.team.state == "degraded"
    page = browser_for(connected.actor).get(f"/incidents/{incident.reference}").content.decode()
    assert "Retry failed steps" in page
    assert "channels:manage" in page
    connected.fake.scopes.append("channels:manage")
    assert repair_room(connected.actor, number=incident.number) == 1
    connected.settle()
    assert connected.room(incident).state == "open"


@pytest.mark.parametrize(("faults", "state"), [(2, "done"), (3, "dead")])
def test_unknown_error_is_retried_three_times_and_repaired(connected, faults, state):
    connected.fake.fail("bookmarks.add", "a_word_of_tomorrow", times=faults)
    incident = connected.open()
    for seconds in (5, 10, 20):
        connected.settle(later=seconds)
    room, bookmark = connected.room(incident), step(connected.room(incident), "bookmark")
    assert bookmark.state == state
    assert connected.fake.calls("bookmarks.add") == ["a_word_of_tomorrow"] * faults + ["ok"] * (faults < 3)
    assert room.state == ("open" if faults < 3 else "needs_help")
    assert ("a_word_of_tomorrow" in bookmark.hint) is (faults == 3)
    if faults == 3:
        repair_room(connected.actor, number=incident.number)
        connected.settle(later=60)
    assert (connected.room(incident).state, step(room, "bookmark").code) == ("open", "")


def test_description_of_the_channel_names_the_incident(connected):
    incident = connected.open()
    channel = connected.slack.channels[connected.room(incident).channel_id]
    assert channel.purpose.endswith(f"/incidents/{incident.reference}")


def test_revoked_token_parks_work_until_a_new_one(connected):
    connected.fake.tokens = {"xoxb-new": "ok", "xoxb-fake-token": "token_revoked"}
    incident = connected.open()
    waiting = step(connected.room(incident), "create")
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    assert Incident.objects.of(incident.workspace_id).get(pk=incident.pk).status == "open"
    put_slack(connected.admin, values=SlackValues(bot_token="xoxb-new", announce_channel="incidents"))
    check_slack(connected.admin)
    connected.settle(later=120)
    assert connected.room(incident).state == "open"
    assert len(connected.announce.messages) == 1


def test_person_without_slack_is_skipped_and_named(connected, make_actor):
    incident = connected.open()
    outsider = make_actor("responder", username="sam")
    acknowledge_incident(outsider, incident_id=incident.pk)
    connected.settle()
    skipped = step(connected.room(incident), "invite")
    assert (skipped.state, skipped.code, skipped.label) == ("done", "not_linked", "Sam")


def test_deleted_card_is_posted_and_pinned_again(connected):
    incident = connected.open()
    room = connected.room(incident)
    channel = connected.slack.channels[room.channel_id]
    channel.messages.clear()
    channel.pins.clear()
    acknowledge_incident(connected.actor, incident_id=incident.pk)
    connected.settle(later=60)
    assert channel.pins == [connected.room(incident).card_ts]


def test_entries_reach_the_room_once_and_in_order(connected):
    incident = connected.open()
    for number in range(3):
        add_note(connected.actor, incident_id=incident.pk, message=f"Note {number}")
    add_update(connected.actor, incident_id=incident.pk, message="Working on a fix")
    for second in range(8):
        connected.settle(later=60 + second)
    posted = [text for text in texts(connected, incident) if "Note" in text or "fix" in text]
    assert [text.split("\n")[1] for text in posted] == ["Note 0", "Note 1", "Note 2", "Working on a fix"]


def test_closing_archives_later_and_reopening_opens_a_new_room(connected):
    incident = connected.open()
    first = connected.room(incident).channel_id
    resolve_incident(connected.actor, incident_id=incident.pk)
    close_incident(connected.actor, incident_id=incident.pk)
    connected.settle(later=60)
    assert not connected.slack.channels[first].is_archived
    connected.settle(later=8 * DAY_S)
    assert connected.slack.channels[first].is_archived
    assert connected.room(incident).state == "archived"
    reopen_incident(connected.actor, incident_id=incident.pk)
    connected.settle(later=60)
    room = connected.room(incident)
    assert room.state == "open"
    assert room.name.endswith("-2")


def test_settings_page_never_shows_a_secret(connected):
    browser = browser_for(connected.admin)
    page = browser.get("/settings/slack").content.decode()
    assert "Acme" in page
    assert "xoxb-" not in page.replace("begins with xoxb-", "")
    assert connected.team.bot_token != "xoxb-fake-token"
    bad = browser.post("/settings/slack", {"bot_token": "xoxp-user", "archive_days": "7"})
    assert bad.status_code == 422
    assert "must be a bot token" in bad.content.decode().lower()
    linked = browser.post("/settings/slack/people", {"username": "adam.admin", "slack_id": "u0adam"})
    assert linked.status_code == 303
    assert "U0ADAM" in browser.get("/settings/slack").content.decode()
    assert browser_for(connected.actor).get("/settings/slack").status_code == 403
