"""What a hub sends to which stream, with invalid signals and a lost Valkey."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
import redis

from core.embedded import process
from core.embedded.valkey import Valkey
from core.live import hub as hub_module
from core.live.hub import BEAT, Hub, Listener, Stream, frame

SIGNAL = {"topics": ["incidents"], "version": 3}
UNREADABLE = [
    b"", b"{", b"[]", b'{"workspace": 1}', b"\xff", b"null", b'{"workspace": [], "topics": [], "version": 1}',
    b'{"workspace": 1, "topics": [{}], "version": 1}', b'{"workspace": 1, "topics": [], "version": "new"}',
]  # fmt: skip


def _hub():
    async def no_session(cookie):
        return Listener(1, 7)

    return Hub(no_session)


def _stream(workspace_id, topic="incidents"):
    return Stream(Listener(workspace_id, 7), frozenset({topic}), b"")


def _message(workspace_id, topics, version=3):
    return json.dumps({"workspace": workspace_id, "topics": topics, "version": version}).encode()


async def test_stream_gets_its_own_topics_of_its_own_workspace_only():
    hub, mine, foreign = _hub(), _stream(1), _stream(2)
    hub.streams[1].add(mine)
    hub.streams[2].add(foreign)
    hub.deliver(_message(1, ["incidents", "incident:9"]))
    assert json.loads(mine.take().split(b"data: ")[1]) == SIGNAL
    assert foreign.take() == BEAT


async def test_changes_between_two_frames_share_the_next_one():
    stream = Stream(Listener(1, 7), frozenset({"incidents", "incident:4"}), b"")
    for version in range(100):
        stream.offer(["incidents" if version % 2 else "incident:4"], version)
    assert json.loads(stream.take().split(b"data: ")[1]) == {
        "topics": ["incident:4", "incidents"],
        "version": 99,
    }
    assert stream.take() == BEAT


async def test_page_gets_changes_made_while_it_loaded():
    hub, late = _hub(), _stream(1)
    hub.is_listening = True
    hub.tasks = [asyncio.create_task(asyncio.sleep(0))]
    hub.deliver(_message(1, ["incidents", "incident:4"]))
    hub.deliver(_message(2, ["incident:9"]))
    hub.join(late)
    assert json.loads(late.take().split(b"data: ")[1])["topics"] == ["incidents"]


async def test_old_change_is_not_sent_again(monkeypatch):
    monkeypatch.setattr(hub_module, "JUST_NOW_S", 0)
    hub, late = _hub(), _stream(1)
    hub.is_listening = True
    hub.tasks = [asyncio.create_task(asyncio.sleep(0))]
    hub.deliver(_message(1, ["incidents"]))
    hub.join(late)
    assert late.take() == BEAT


async def test_recent_changes_of_a_hub_are_bounded(monkeypatch):
    monkeypatch.setattr(hub_module, "JUST_NOW_S", 0)
    hub = _hub()
    for number in range(hub_module.MAX_RECENT * 3):
        hub.deliver(_message(1, [f"incident:{number}"]))
    assert len(hub.recent[1]) <= hub_module.MAX_RECENT


async def test_frame_is_encoded_once_for_all_streams():
    assert frame(frozenset({"a", "b"}), 1) is frame(frozenset({"b", "a"}), 1)


@pytest.mark.parametrize("message", UNREADABLE)
async def test_unreadable_signal_is_dropped_and_the_hub_continues(message):
    hub, stream = _hub(), _stream(1)
    hub.streams[1].add(stream)
    hub.deliver(message)
    hub.deliver(_message(1, ["incidents"]))
    assert b"signal" in stream.take()


async def test_refresh_reaches_every_stream_of_any_topic():
    stream = Stream(Listener(1, 7), frozenset({"incident:4"}), b"")
    stream.offer(["refresh"], 0)
    assert json.loads(stream.take().split(b"data: ")[1])["topics"] == ["refresh"]


async def test_stream_opened_while_the_process_stops_ends_at_once():
    hub, early, late = _hub(), _stream(1), _stream(1)
    hub.join(early)
    hub.close()
    hub.join(late)
    assert early.ended
    assert late.ended
    await asyncio.gather(*hub.tasks, return_exceptions=True)
    assert all(task.cancelled() for task in hub.tasks)


@pytest.fixture
def own_valkey(settings):
    """One that a test may stop and start again under the same address."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        server = Valkey(Path(folder) / "valkey", process.server_account())
        settings.REDIS_URL = server.start()
        yield server
        server.stop()


async def _next_signal(stream, seconds=8):
    async with asyncio.timeout(seconds):
        while not stream.pending:
            await asyncio.sleep(0.01)
    return json.loads(stream.take().split(b"data: ")[1])


async def _publish(server, message):
    def read_frames():
        with redis.Redis.from_url(server.url()) as client:
            return client.publish("tocsin:live:1", message)

    async with asyncio.timeout(8):
        while not await asyncio.to_thread(read_frames):
            await asyncio.sleep(0.05)


async def test_valkey_outage_causes_one_refresh_and_ends_no_stream(own_valkey):
    hub, stream = _hub(), _stream(1)
    hub.join(stream)
    assert (await _next_signal(stream))["topics"] == [
        "refresh"
    ]  # no one listened while its page was rendered
    await _publish(own_valkey, _message(1, ["incidents"]))
    assert await _next_signal(stream) == SIGNAL
    await asyncio.to_thread(own_valkey.stop)
    await asyncio.sleep(0.5)
    assert not stream.ended
    assert stream.take() == BEAT
    await asyncio.to_thread(own_valkey.start)
    assert (await _next_signal(stream))["topics"] == ["refresh"]
    await _publish(own_valkey, _message(1, ["incidents"]))
    assert await _next_signal(stream) == SIGNAL
    assert stream.take() == BEAT
    hub.close()
    await asyncio.gather(*hub.tasks, return_exceptions=True)


async def test_signal_during_a_long_turn_is_part_of_the_frame_and_no_second_one_follows(monkeypatch):
    monkeypatch.setattr(hub_module, "FRAMES_PER_TURN", 1)
    hub, sent = _hub(), []
    hub.is_listening = True

    async def keep(data):
        sent.append(data)
        if len(sent) == 1:
            hub.deliver(_message(1, ["incidents"], 9))

    streams = [Stream(Listener(1, 7), frozenset({"incidents"}), b"", send=keep) for _ in range(3)]
    for stream in streams:
        stream.start(lambda: None)
        stream.sent_at -= hub_module.GAP_S
        hub.streams[1].add(stream)
    hub.deliver(_message(1, ["incidents"], 8))
    writing = asyncio.create_task(hub._write())
    await asyncio.sleep(hub_module.GAP_S * 3)
    writing.cancel()
    versions = [json.loads(data.split(b"data: ")[1])["version"] for data in sent]
    assert sorted(versions) == [8, 9, 9, 9]
    assert hub.changed == set()
