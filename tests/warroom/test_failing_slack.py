"""Slack that fails: each call × lost responses and killed workers, an outage, 100 rooms at the rate limit.

`make test` takes a few of the calls, `make faults` all of it and the rooms.
"""

from __future__ import annotations

import difflib
import pprint
import time
from collections import Counter

import pytest

from core.models import Allowance
from core.rate_limit.store import take_turn
from incidents.correlation.services.opening import declare_incident
from incidents.models import TimelineEntry
from incidents.timeline.services.notes import add_note
from tests.tables import count, every
from tests.warroom.connected import connect
from tests.warroom.failing_slack import WORK, Life, killed_worker, pass_time, result
from warroom.models import Announcement, Room, RoomMessage, RoomStep
from warroom.rooms import posting, sending
from warroom.rooms.services.planning import request_room

# Each call of a life of an incident, by the step at which it is made.
CALLS = (
    ("declare", "conversations.create"), ("declare", "chat.postMessage"),
    ("declare", "conversations.setPurpose"), ("declare", "conversations.setTopic"),
    ("declare", "bookmarks.add"), ("declare", "pins.add"),
    ("acknowledge", "users.lookupByEmail"), ("acknowledge", "conversations.invite"),
    ("acknowledge", "chat.update"), ("acknowledge", "conversations.setTopic"),
    ("acknowledge", "chat.postMessage"), ("note", "chat.postMessage"), ("severity", "chat.postMessage"),
    ("severity", "chat.update"), ("severity", "conversations.setTopic"), ("pin", "conversations.history"),
    ("pin", "users.info"), ("home", "views.publish"),
    ("resolve", "chat.postMessage"), ("resolve", "chat.update"), ("close", "conversations.archive"),
)  # fmt: skip
# Before these are repeated, Slack is asked whether the lost one took effect.
LOOKED_FOR = {"conversations.create", "chat.postMessage", "bookmarks.add", "pins.add"}
FAULTS = ("killed", "lost before", "lost after", "killed, lost after", "lost after, lost after")


@pytest.fixture
def committed(transactional_db, settings, admin, actor, monkeypatch):
    """A connected workspace whose rows other processes see; messages need not wait a second."""
    monkeypatch.setattr(sending, "take_turn", lambda *_: True)
    with connect(settings, admin, actor) as team:
        yield team


def lived(team, at: str = "", method: str = "", fault: str = "") -> tuple[dict, Counter]:
    """The result of a life with a fault, and how many calls each step makes of each method."""
    life, calls = Life(team), Counter()
    for name, turn, later in life.steps:
        begin = len(team.fake.journal)
        turn()
        if name == at:
            _inject(team, method, fault, later)
        for second in range(3):
            team.settle(later=later + second)
        calls.update((name, called) for called, _ in team.fake.journal[begin:])
    return life.result(), calls


def _differences(found: dict, right: dict) -> list[str]:
    """Lines that only one of two results has."""
    texts = [pprint.pformat(one, width=200).splitlines() for one in (found, right)]
    return [line for line in difflib.ndiff(*texts) if line[0] in "+-"]


def _inject(team, method: str, fault: str, later: int) -> None:
    for one in fault.split(", "):
        if one == "killed":
            assert killed_worker(team, method, later=later)
        else:
            team.fake.drop(method, after=one == "lost after")


@pytest.mark.timeout(count(240, 1800))
def test_no_call_is_doubled_or_left_out_when_it_is_lost_or_its_worker_killed(committed):
    right, calls = lived(committed)
    assert [room["name"] for room in right["rooms"]] == ["inc-n-checkout-returns-500"]
    assert len(right["announcements"]) == len(right["rooms"][0]["pins"]) == 1
    assert set(CALLS) <= set(calls)
    cases = [(*call, fault) for call in CALLS for fault in FAULTS]
    for at, method, fault in every(55, cases, first=3):
        begin = len(committed.fake.journal)
        assert _differences(lived(committed, at, method, fault)[0], right) == [], (at, method, fault)
        outcomes = [how for called, how in committed.fake.journal[begin:] if called == method]
        if method in LOOKED_FOR and ", " in fault:
            # The first call was found at Slack, so there is no second one that could be lost.
            assert len(committed.fake.faults[method]) <= 1
            committed.fake.faults[method].clear()
        else:
            assert committed.fake.faults[method] == [], "the fault was not met"
            assert fault == "killed" or "dropped" in outcomes


def test_lost_message_is_found_below_hundreds_of_later_ones(committed):
    """In the channel of announcements and in its thread, both of which people write to as well."""
    channel, fake = committed.announce, committed.fake
    fake.drop("chat.postMessage", after=True)
    incident = declare_incident(committed.actor, title="Checkout returns 500", severity="sev3")
    while not channel.messages:
        committed.settle()
    _chatter(channel)
    committed.settle(later=60)
    [announced] = [one for one in channel.messages.values() if "bot_id" in one]
    _chatter(channel, thread_ts=announced["ts"])
    fake.drop("chat.postMessage", after=True)
    add_note(committed.actor, number=incident.number, message="Disk is full")
    committed.settle()
    _chatter(channel, thread_ts=announced["ts"])
    committed.settle(later=60)
    assert fake.calls("chat.postMessage") == ["ok", "dropped"] * 2  # Slack acted twice
    assert RoomMessage.objects.of(incident.workspace_id).exclude(ts="").count() == 1


def _chatter(channel, **more) -> None:
    """Two hundred and fifty messages of people."""
    for _ in range(250):
        ts = f"{time.time():.6f}"
        channel.messages[ts] = {"ts": ts, "user": "U0OTHER", "text": "Anyone else?", **more}


@pytest.mark.timeout(count(240, 900))
def test_outage_of_thirty_minutes_is_caught_up_without_a_person(committed):
    """Workers look every few simulated seconds; one incident is open already, one opens meanwhile."""
    ticks = count(60, 360)
    fake, before = committed.fake, committed.open("sev1")
    fake.drop("chat.postMessage", after=True)
    add_note(committed.actor, number=before.number, message="Sent, and its response lost")
    committed.settle()
    fake.is_away = True
    meanwhile = committed.open(title="Queue stalls")
    for tick in range(ticks):
        if tick % (ticks // 6) == 0:
            for one in (before, meanwhile):
                add_note(committed.actor, number=one.number, message=f"Minute {30 * tick // ticks}")
        _tick(committed, 1800 // ticks)
    fake.is_away = False
    caught_up_s = 0
    while _left() and caught_up_s < 120:
        _tick(committed, 5)
        caught_up_s += 5
    assert _left() == 0
    assert not any(model.across_workspaces.filter(state="dead").exists() for model in WORK)
    print(f"caught up after {caught_up_s} simulated s")
    for incident in (before, meanwhile):
        found = result(committed, incident)
        [room] = found["rooms"]
        notes = [text.splitlines()[-1] for text in room["messages"] if "*Note*" in text]
        written = [f"Minute {minute}" for minute in range(0, 30, 5)]
        assert sorted(notes) == sorted(written + ["Sent, and its response lost"] * (incident == before))
        assert len(room["pins"]) == len(room["bookmarks"]) == len(found["announcements"]) == 1
        opened = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="slack")
        assert opened.count() == 1
    channel = committed.slack.channels[committed.room(meanwhile).channel_id]
    said = [one["text"] for _, one in sorted(channel.messages.items()) if "*Note*" in one["text"]]
    assert [text.splitlines()[-1] for text in said] == [f"Minute {minute}" for minute in range(0, 30, 5)]


def _tick(team, seconds: int) -> None:
    pass_time(team, seconds)
    team.settle()


def _left() -> int:
    """Work that is due within a day."""
    return sum(model.across_workspaces.filter(state="pending").count() for model in WORK)


@pytest.mark.whole
@pytest.mark.timeout(1800)
def test_rooms_opened_at_the_rate_limit_are_complete_and_few_calls_refused(committed, monkeypatch):
    """A hundred in one minute, by hand; the clock of Slack and of the work moves a second at a time."""
    wanted, fake, passed = 100, committed.fake, [0.0]
    monkeypatch.undo()
    monkeypatch.setattr(posting, "take_turn", take_turn)  # here messages wait for their channel
    fake.tiers.are_kept, fake.tiers.clock = True, lambda: time.time() + passed[0]
    begin = fake.tiers.clock()
    made, incidents = 0, []
    while len(incidents) < wanted or _left():
        assert fake.tiers.clock() - begin < 1800, "not complete after half an hour"
        for _ in range(min(2, wanted - len(incidents))):
            incidents.append(declare_incident(committed.actor, title="Checkout down", severity="sev3"))
            request_room(committed.actor, number=incidents[-1].number)
        passed[0] += 1
        Allowance.objects.filter(name__startswith="slack:post:").delete()
        _tick(committed, 1)
        made += 1
    took_s = fake.tiers.clock() - begin
    print(f"{wanted} rooms complete after {took_s:.0f} simulated s, {len(fake.tiers.refused)} calls refused")
    rooms = Room.objects.of(committed.team.workspace_id)
    assert rooms.filter(state="open").count() == wanted
    for incident in incidents:
        found = result(committed, incident)
        [room] = found["rooms"]
        assert room["topic"]
        assert room["purpose"]
        assert len(room["messages"]) == len(room["pins"]) == len(room["bookmarks"]) == 1
        assert len(found["announcements"]) == 1
    assert not Announcement.across_workspaces.exclude(state="done").exists()
    windows = Counter((name, int((at - begin) // 60)) for at, name in fake.tiers.refused)
    assert all(number <= 3 for number in windows.values()), windows
    assert not RoomStep.across_workspaces.filter(state="dead").exists()
