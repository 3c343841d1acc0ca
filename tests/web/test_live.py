"""The live door: who may listen, what a stream says, and what ends it."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.test import Client

from core import live
from core.live import Hub, Stream, frame

SIGNAL = {"topics": ["incidents"], "version": 3}


def _message(workspace_id, topics, version=3):
    return json.dumps({"workspace": workspace_id, "topics": topics, "version": version}).encode()


async def test_a_stream_gets_its_own_topics_of_its_own_workspace_only():
    hub, mine, foreign = (
        Hub(),
        Stream(1, frozenset({"incidents"}), b""),
        Stream(2, frozenset({"incidents"}), b""),
    )
    hub.streams[1].add(mine)
    hub.streams[2].add(foreign)
    hub.deliver(_message(1, ["incidents", "incident:9"]))
    assert json.loads(mine.take().split(b"data: ")[1]) == SIGNAL
    assert foreign.take() == live.BEAT


async def test_changes_between_two_frames_share_the_next_one():
    stream = Stream(1, frozenset({"incidents", "incident:4"}), b"")
    for version in range(100):
        stream.offer(["incidents" if version % 2 else "incident:4"], version)
    assert json.loads(stream.take().split(b"data: ")[1]) == {
        "topics": ["incident:4", "incidents"],
        "version": 99,
    }
    assert stream.take() == live.BEAT


async def test_a_frame_is_encoded_once_for_everybody():
    assert frame(frozenset({"a", "b"}), 1) is frame(frozenset({"b", "a"}), 1)


@pytest.mark.parametrize("message", [b"", b"{", b"[]", b'{"workspace": 1}', b"\xff", b"null"])
async def test_an_unreadable_signal_is_dropped_and_the_hub_lives_on(message):
    hub, stream = Hub(), Stream(1, frozenset({"incidents"}), b"")
    hub.streams[1].add(stream)
    hub.deliver(message)
    hub.deliver(_message(1, ["incidents"]))
    assert b"signal" in stream.take()


async def test_refresh_reaches_every_stream_whatever_its_topics():
    stream = Stream(1, frozenset({"incident:4"}), b"")
    stream.offer(["refresh"], 0)
    assert json.loads(stream.take().split(b"data: ")[1])["topics"] == ["refresh"]


class Talk:
    """One request to the live application, its answer as it comes."""

    def __init__(self, cookie=b"", topics=b"incidents"):
        self.sent = asyncio.Queue()
        self.gone = asyncio.Event()
        headers = [(b"cookie", cookie)] if cookie else []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live",
            "headers": headers,
            "query_string": b"topics=" + topics,
        }
        self.task = asyncio.create_task(live.application(scope, self._receive, self.sent.put))

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def next(self, seconds=8):
        return await asyncio.wait_for(self.sent.get(), seconds)

    async def leave(self):
        self.gone.set()
        await asyncio.wait_for(self.task, 5)


@pytest.mark.django_db(transaction=True)
async def test_nobody_listens_without_a_session():
    talk = Talk()
    assert (await talk.next())["status"] == 401
    await talk.task


@pytest.fixture
def signed_in(actor):
    from accounts.models import User

    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def _cookie(client):
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}".encode()


@pytest.mark.django_db(transaction=True)
async def test_a_signal_published_to_valkey_reaches_the_open_stream(actor, signed_in):
    import redis.asyncio

    talk = Talk(_cookie(signed_in))
    assert (await talk.next())["status"] == 200
    assert b"beat" in (await talk.next())["body"]
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
        end = time.monotonic() + 5
        while not await client.publish(
            f"tocsin:live:{actor.workspace_id}", _message(actor.workspace_id, ["incidents"])
        ):
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
    assert b'"topics":["incidents"]' in (await talk.next())["body"]
    await talk.leave()
    assert live.hub().everyone() == []
    await _stop_hub()


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_soon_after_its_membership(actor, signed_in, monkeypatch):
    from accounts.models import Membership

    monkeypatch.setattr(live, "RECHECK_S", 0.5)
    talk = Talk(_cookie(signed_in))
    assert (await talk.next())["status"] == 200

    def leave():
        Membership.objects.of(actor.workspace_id).filter(user_id=actor.user_id).delete()
        connection.close()  # this thread's own

    await sync_to_async(leave)()
    await asyncio.wait_for(talk.task, 5)
    await _stop_hub()


async def _stop_hub():
    for task in live.hub().tasks:
        task.cancel()
    await asyncio.gather(*live.hub().tasks, return_exceptions=True)
