"""The event receiver, called as the ASGI server calls it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
import redis
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection, connections

from accounts.actor import Actor
from accounts.tokens.services import issue_token, revoke_token, touch_token
from core.errors import Unavailable
from core.http.security_log import Budget
from core.queue import nudge
from detection.evaluation.services.draining import drain
from detection.ingest import coalescer
from detection.ingest import event_receiver as event_receiver_module
from detection.ingest.asgi import application, event_receiver
from detection.ingest.coalescer import Coalescer
from detection.ingest.parsing import MAX_BODY
from detection.ingest.statement import EncodedBatch, repeats
from detection.models import Event
from detection.rules.services.rules import create_rule
from incidents.models import Component, Incident

pytestmark = pytest.mark.django_db(transaction=True)
Post = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
GOOD = {"service": "shop", "level": "ERROR", "message": "boom"}


def call(body: bytes, headers: dict[str, str], method: str = "POST") -> Awaitable[tuple[int, dict[str, Any]]]:
    async def ask() -> tuple[int, dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = {"host": "testserver"} | headers
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        await application(
            {"type": "http", "method": method, "headers": raw, "client": ("127.0.0.1", 1)}, receive, send
        )
        return sent[0]["status"], orjson.loads(sent[1]["body"])

    return ask()


@pytest.fixture
async def token(admin: Actor) -> Any:
    issued = await sync_to_async(issue_token)(admin, name="sender", scopes=["events:write"])
    yield issued
    await event_receiver().close()
    await sync_to_async(connections.close_all)()


@pytest.fixture
def post(token: Any) -> Post:
    def ask(document: Any, **headers: str) -> Awaitable[tuple[int, dict[str, Any]]]:
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        return call(
            body, {"authorization": f"Bearer {token.text}", "content-type": "application/json"} | headers
        )

    return ask


async def test_single_event_returns_its_id(post: Post) -> None:
    status, response = await post(GOOD | {"event_id": "e1"})
    assert (status, response) == (
        202, {"accepted": 1, "duplicates": 0, "refused": 0, "errors": [], "event_id": "e1"}
    )  # fmt: skip
    assert (await post(GOOD | {"event_id": "e1"}))[1]["duplicates"] == 1


async def test_same_event_from_many_at_once_is_stored_once(post: Post) -> None:
    responses = await asyncio.gather(*(post([GOOD | {"event_id": "same"}, GOOD]) for _ in range(30)))
    assert sum(response["accepted"] for _, response in responses) == 31
    assert sum(response["duplicates"] for _, response in responses) == 29


async def test_valid_rest_of_a_batch_is_accepted_and_none_valid_is_422(post: Post) -> None:
    status, response = await post([GOOD, {"level": "error"}, 4])
    assert (status, response["accepted"], [e["position"] for e in response["errors"]]) == (202, 1, [1, 2])
    status, response = await post([{"level": "error"}])
    assert (status, response["refused"]) == (422, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"authorization": ""}, 401), ({"authorization": "Bearer nope"}, 401),
    ({"authorization": "Basic eA=="}, 401),
     ({"authorization": "Bearer tcs_abcdefgh_" + "x" * 40}, 401), ({"content-type": "text/plain"}, 415),
     ({"content-length": str(MAX_BODY + 1)}, 413), ({"content-length": "many"}, 400)],
)  # fmt: skip
async def test_bad_request_is_refused_with_a_problem(
    post: Post, headers: dict[str, str], status: int
) -> None:
    assert (await post(GOOD, **headers))[0] == status


async def test_unknown_host_is_refused(post: Post) -> None:
    assert (await post(GOOD, host="evil.example"))[0] == 400


async def test_local_caller_chooses_the_workspace(
    token: Any, admin: Actor, other_workspace, settings
) -> None:
    settings.TOCSIN_OPEN_LOOPBACK = True
    body = orjson.dumps(GOOD)
    assert (await call(body, {"x-workspace": other_workspace.slug}))[0] == 202
    assert await Event.objects.of(other_workspace.pk).acount() == 1
    assert await Event.objects.of(admin.workspace_id).acount() == 0
    assert (await call(body, {"x-workspace": "nowhere"}))[0] == 404


async def test_body_that_grows_too_large_is_refused(post: Post) -> None:
    assert (await post(b" " * (MAX_BODY + 1)))[0] == 413


async def test_only_post_is_taken() -> None:
    assert (await call(b"", {}, method="GET"))[0] == 405


async def test_revoked_token_is_refused_at_once(post: Post, token: Any, admin: Actor) -> None:
    assert (await post(GOOD))[0] == 202
    await sync_to_async(revoke_token)(admin, token_id=token.row.pk)
    statuses = [(await post(GOOD))[0]]
    while statuses[-1] in {202, 503} and len(statuses) < 100:  # noticed within moments; 503 on a busy machine
        await asyncio.sleep(0.1)
        statuses.append((await post(GOOD))[0])
    assert statuses[-1] == 401
    assert statuses.count(202) <= 10


async def test_use_of_a_token_is_recorded_once_a_minute(
    post: Post, token: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def touch(workspace_id: int, token_id: int, *, now: datetime) -> None:
        calls.append(token_id)
        touch_token(workspace_id, token_id, now=now)

    monkeypatch.setattr(event_receiver_module, "touch_token", touch)
    responses = await asyncio.gather(*(post(GOOD) for _ in range(10)))
    assert {status for status, _ in responses} == {202}
    await asyncio.gather(*event_receiver()._background)
    await token.row.arefresh_from_db()
    assert datetime.now(UTC) - token.row.last_used_at < timedelta(minutes=1)
    assert calls == [token.row.pk]
    event_receiver()._fresh.grants.clear()
    assert (await post(GOOD))[0] == 202
    await asyncio.gather(*event_receiver()._background)
    assert calls == [token.row.pk], "the database says that it was used"


async def test_event_is_stored_when_the_use_of_its_token_cannot_be_recorded(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touch(*_: Any, **__: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(event_receiver_module, "touch_token", touch)
    assert (await post(GOOD))[0] == 202
    await asyncio.gather(*event_receiver()._background)


async def test_new_rule_counts_within_a_second(post: Post, admin: Actor) -> None:
    await post(GOOD)
    fields = {
        "id": "two",
        "name": "Two",
        "type": "other",
        "severity": "low",
        "threshold": 2,
        "time_window": 60,
    }
    await sync_to_async(create_rule)(admin, fields=fields)
    opened = 0
    for _ in range(10):
        await asyncio.sleep(0.1)
        await post([GOOD, GOOD])
        await sync_to_async(drain)()
        if opened := await Incident.objects.of(admin.workspace_id).acount():
            break
    assert opened == 1


async def test_without_valkey_events_are_still_stored(
    post: Post, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    away = redis.Redis(port=1, socket_connect_timeout=0.1)
    monkeypatch.setattr(nudge, "valkey", lambda: away)
    settings.EVENT_LIMIT_PER_TOKEN = 100
    assert (await post([GOOD] * 50))[0] == 202


async def test_too_many_events_a_second_return_429(post: Post, settings) -> None:
    settings.EVENT_LIMIT_PER_TOKEN = 10
    responses = [await post([GOOD] * 5) for _ in range(12)]
    assert 429 in {status for status, _ in responses}


async def test_batches_packed_in_threads_are_counted_to_whom_they_belong(post: Post, admin: Actor) -> None:
    fields = {"id": "p", "name": "P", "type": "other", "severity": "low", "threshold": 9, "time_window": 60}
    await sync_to_async(create_rule)(admin, fields=fields | {"pattern": "a+b"})
    long = [GOOD | {"message": "a" * 8000, "event_id": f"long-{n}"} for n in range(5)]
    short = [GOOD | {"event_id": f"short-{n}"} for n in range(3)]
    await post(short)
    await post(long)
    again = await asyncio.gather(post(long), *(post(short) for _ in range(8)), post(long))
    assert [response["duplicates"] for _, response in again] == [5, *[3] * 8, 5]


def test_duplicates_are_reported_to_their_batch_in_any_order() -> None:
    parcels = [EncodedBatch(10, 2, 0, set(), b"", b""), EncodedBatch(0, 10, 1, set(), b"", b"")]
    assert repeats(parcels, [(3,), (10,), (11,)]) == [2, 2]


async def test_source_becomes_a_component_on_first_sight(post: Post, admin: Actor) -> None:
    await post(GOOD | {"service": "new-one"})
    made = Component.objects.of(admin.workspace_id).filter(name="new-one")
    for _ in range(100):
        if await made.aexists():
            break
        await asyncio.sleep(0.02)
    assert await made.acount() == 1


async def test_connection_that_broke_is_opened_again_before_a_sender_notices(post: Post) -> None:
    assert (await post(GOOD))[0] == 202
    ours = "from pg_stat_activity where application_name = 'tocsin-ingest' and datname = current_database()"

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"select pg_terminate_backend(pid) {ours}")
            assert len(cursor.fetchall()) == 2
            for _ in range(100):
                cursor.execute(f"select count(*) {ours}")
                if cursor.fetchone() == (0,):
                    break
                time.sleep(0.02)

    await sync_to_async(cut)()
    assert [(await post(GOOD))[0] for _ in range(3)] == [202] * 3


async def test_reason_of_refused_batches_is_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(batches: Sequence[EncodedBatch]) -> list[int]:
        raise psycopg.errors.DiskFull("could not extend file: No space left on device\nHINT: Free some.")

    monkeypatch.setattr(coalescer, "_lines", Budget(most=1, window_s=60.0))
    monkeypatch.setattr(coalescer, "_lines", Budget(most=1, window_s=60.0))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await Coalescer(full).put(EncodedBatch(0, 1, 1, set(), b"", b""))
    assert caplog.text.count("ingest.not_stored") == 1
    assert "No space left on device" in caplog.text
