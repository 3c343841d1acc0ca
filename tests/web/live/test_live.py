"""The live stream: who may listen, what it sends, and what ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from accounts.models import Scope
from accounts.tokens.services import issue_token
from core.live import hub
from core.live import stream as live_stream


def _message(workspace_id, topics, version=3):
    return json.dumps({"workspace": workspace_id, "topics": topics, "version": version}).encode()


class Talk:
    """One request to the live application, and its response as it arrives."""

    def __init__(self, cookie=b"", topics=b"incidents", patience=0, token=""):
        self.sent = asyncio.Queue(patience)  # a full one blocks, as a viewer who reads nothing does
        self.gone = asyncio.Event()
        headers = [(b"cookie", cookie)] if cookie else []
        headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/live" if token else "/live",
            "headers": headers,
            "query_string": b"topics=" + topics,
        }
        self.task = asyncio.create_task(live_stream.application(scope, self._receive, self.sent.put))

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def next(self, seconds=8):
        return await asyncio.wait_for(self.sent.get(), seconds)

    async def next_signal(self):
        """The topics received next, except the refresh at the start of a stream."""
        while b'"incidents"' not in (body := (await self.next(20))["body"]):
            assert b"beat" in body or b'"refresh"' in body
        return body

    async def leave(self):
        self.gone.set()
        await asyncio.wait_for(self.task, 5)


@pytest.mark.django_db(transaction=True)
async def test_stream_requires_a_session():
    talk = Talk()
    assert (await talk.next())["status"] == 401
    await talk.task


@pytest.mark.django_db(transaction=True)
async def test_token_listens_at_the_api_and_an_unknown_one_does_not(admin, running_hub):
    issue = sync_to_async(issue_token)
    issued = await issue(admin, name="Watch", scopes=[Scope.INCIDENTS_READ])
    talk = Talk(token=issued.text)
    assert (await talk.next(30))["status"] == 200
    await _publish(admin.workspace_id, ["incidents"])
    assert b'"incidents"' in await talk.next_signal()
    await talk.leave()
    refused = Talk(token=issued.text[:-6] + "x" * 6)
    assert (await refused.next())["status"] == 401
    await refused.task


@pytest.fixture
def signed_in(actor):
    from accounts.models import User

    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def _cookie(client):
    name = django_settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}".encode()


@pytest.fixture
async def running_hub():
    """Stops the hub that the test's streams started."""
    yield
    for task in live_stream.hub().tasks:
        task.cancel()
    await asyncio.gather(*live_stream.hub().tasks, return_exceptions=True)


async def _publish(workspace_id, topics, count=1):
    async with redis.asyncio.Redis.from_url(django_settings.REDIS_URL) as client:
        async with asyncio.timeout(8):
            while not await client.publish(f"tocsin:live:{workspace_id}", _message(workspace_id, [])):
                await asyncio.sleep(0.05)
        for version in range(count):
            await client.publish(f"tocsin:live:{workspace_id}", _message(workspace_id, topics, version))
            await asyncio.sleep(0.01 if count > 1 else 0)


async def _open(cookie):
    talk = Talk(cookie)
    assert (await talk.next(30))["status"] == 200
    assert b"beat" in (await talk.next())["body"]
    return talk


def _signals(talk):
    sent = [talk.sent.get_nowait() for _ in range(talk.sent.qsize())]
    return [message["body"] for message in sent if b'"incidents"' in message["body"]]


@pytest.mark.django_db(transaction=True)
async def test_signal_published_to_valkey_reaches_the_open_stream(actor, signed_in, running_hub):
    talk = await _open(_cookie(signed_in))
    await _publish(actor.workspace_id, ["incidents"])
    assert b'"incidents"' in await talk.next_signal()
    await talk.leave()
    assert live_stream.hub().everyone() == []


@pytest.mark.django_db(transaction=True)
async def test_a_hundred_changes_in_a_second_are_at_most_five_frames(actor, signed_in, running_hub):
    talk = await _open(_cookie(signed_in))
    started = time.monotonic()
    await _publish(actor.workspace_id, ["incidents"], count=100)
    await asyncio.sleep(0.4)
    frames = _signals(talk)
    assert 2 <= len(frames) <= 1 + 4 * (time.monotonic() - started)
    assert b'"version":99' in frames[-1]
    await talk.leave()


@pytest.mark.django_db(transaction=True)
async def test_five_hundred_viewers_get_one_signal_each(actor, signed_in, running_hub, settings):
    settings.LIVE_STREAMS_PER_SESSION = 500
    cookie = _cookie(signed_in)
    talks = await asyncio.gather(*(_open(cookie) for _ in range(500)))
    await _publish(actor.workspace_id, ["incidents"])
    await asyncio.sleep(1)
    assert {len(_signals(talk)) for talk in talks} == {1}
    await asyncio.gather(*(talk.leave() for talk in talks))
    assert live_stream.hub().everyone() == []


@pytest.mark.django_db(transaction=True)
async def test_streams_of_one_session_are_limited(signed_in, running_hub, settings):
    settings.LIVE_STREAMS_PER_SESSION = 2
    first, second = await _open(_cookie(signed_in)), await _open(_cookie(signed_in))
    refused = Talk(_cookie(signed_in))
    assert (await refused.next())["status"] == 429
    assert json.loads((await refused.next())["body"])["code"] == "rate_limited"
    await first.leave()
    third = await _open(_cookie(signed_in))
    await asyncio.gather(second.leave(), third.leave())
    assert not live_stream.hub().owners


@pytest.mark.django_db(transaction=True)
async def test_viewer_who_reads_nothing_is_disconnected(signed_in, running_hub, monkeypatch):
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.5)
    monkeypatch.setattr(hub, "SEND_PATIENCE_S", 0.2)
    talk = Talk(_cookie(signed_in), patience=1)
    assert (await talk.next())["status"] == 200
    await asyncio.wait_for(talk.task, 5)
    assert live_stream.hub().everyone() == []


@pytest.mark.django_db(transaction=True)
async def test_stream_without_signals_sends_heartbeats(signed_in, running_hub, monkeypatch):
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.3)
    talk = await _open(_cookie(signed_in))
    started = time.monotonic()
    bodies = [(await talk.next())["body"] for _ in range(4)]
    assert bodies[1:] == [hub.BEAT] * 3, "the first is the refresh at the start of a stream"
    assert time.monotonic() - started > 3 * 0.3
    await talk.leave()


@pytest.mark.django_db(transaction=True)
async def test_every_stream_ends_on_sigterm(signed_in, running_hub):
    called = []
    before = signal.signal(signal.SIGTERM, lambda *_: called.append("the server's own handler"))
    talk = await _open(_cookie(signed_in))
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(talk.task, 2)
    signal.signal(signal.SIGTERM, before)
    assert called == ["the server's own handler"]
    assert _last(talk) == {"type": "http.response.body", "body": b"", "more_body": False}


def _last(talk):
    return [talk.sent.get_nowait() for _ in range(talk.sent.qsize())][-1]


@pytest.mark.django_db(transaction=True)
async def test_stream_ends_soon_after_its_membership(actor, signed_in, running_hub, monkeypatch):
    from accounts.models import Membership

    monkeypatch.setattr(hub, "RECHECK_S", 0.5)
    talk = Talk(_cookie(signed_in))
    assert (await talk.next())["status"] == 200

    def leave():
        Membership.objects.of(actor.workspace_id).filter(user_id=actor.user_id).delete()
        connection.close()  # this thread's own

    await sync_to_async(leave)()
    await asyncio.wait_for(talk.task, 5)
