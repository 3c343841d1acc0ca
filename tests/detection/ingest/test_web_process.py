"""The whole web process: which endpoint a request reaches, and which bodies pass the size limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from django.db import connections

from accounts.actor import Actor
from accounts.models import User
from accounts.tokens.services import issue_token
from config.asgi import MAX_BODY, application
from core.http.request_body import MAX_DRAINED, BodyTimeout, read_body
from detection.ingest.asgi import event_receiver
from detection.sources.services.sources import create_source

pytestmark = pytest.mark.django_db(transaction=True)
CHUNK = b"x" * 100_000
GOOD = orjson.dumps({"service": "shop"})


class Talk:
    """One request: `parts` of its body arrive one after another; without any the sender is gone."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self.parts = list(parts)
        self.taken = 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.parts:
            return {"type": "http.disconnect"}
        if self.taken == len(self.parts):
            await asyncio.Event().wait()  # the sender waits for the response
        part = self.parts[self.taken]
        self.taken += 1
        return {"type": "http.request", "body": part, "more_body": self.taken < len(self.parts)}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def ask(self, path: str, method: str = "POST", **headers: str) -> tuple[int, dict[str, Any]]:
        named = {"host": "testserver", "content-type": "application/json"} | headers
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
        scope = {
            "type": "http", "method": method, "path": path, "headers": raw, "query_string": b"",
            "client": ("127.0.0.1", 1), "server": ("testserver", 80), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await application(scope, self.receive, self.send)
        text = b"".join(message.get("body", b"") for message in self.sent)
        return self.sent[0]["status"], orjson.loads(text)


@pytest.fixture
async def token(admin: Actor) -> AsyncIterator[str]:
    yield (await sync_to_async(issue_token)(admin, name="sender", scopes=["events:write"])).text
    await event_receiver().close()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def session(token: str, admin: Actor, async_client: Any) -> str:
    await sync_to_async(async_client.force_login)(await User.objects.aget(pk=admin.user_id))
    return f"{configured.SESSION_COOKIE_NAME}={async_client.cookies[configured.SESSION_COOKIE_NAME].value}"


async def test_session_request_requires_a_csrf_token(session: str, settings) -> None:
    settings.TOCSIN_OPEN_LOOPBACK = True
    status, response = await Talk([GOOD]).ask("/api/v1/events", cookie=session)
    assert (status, response["code"]) == (403, "csrf_failed")


async def test_token_counts_more_than_a_session(session: str, token: str) -> None:
    status, _ = await Talk([GOOD]).ask("/api/v1/events", cookie=session, authorization=f"Bearer {token}")
    assert status == 202


async def test_other_cookies_do_not_matter_to_a_local_caller(token: str, settings) -> None:
    settings.TOCSIN_OPEN_LOOPBACK = True
    assert (await Talk([GOOD]).ask("/api/v1/events", cookie="colour=red"))[0] == 202


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/api/v1/events", "/sign-in", "/nowhere"])
async def test_body_without_end_is_refused_and_not_read_to_its_end(token: str, path: str) -> None:
    talk = Talk([CHUNK] * 2000)
    status, response = await talk.ask(path, authorization="Bearer nobody")
    assert (status, response["code"]) == (413, "too_large")
    assert talk.taken * len(CHUNK) <= MAX_DRAINED + len(CHUNK)


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/api/v1/events"])
async def test_large_body_is_taken_in_before_it_is_refused(token: str, path: str) -> None:
    talk = Talk([CHUNK] * 20)
    assert (await talk.ask(path, content_length=str(20 * len(CHUNK))))[0] == 413
    assert talk.taken == 20


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/api/v1/events"])
async def test_truncated_body_is_400(token: str, path: str) -> None:
    status, response = await Talk([]).ask(path)
    assert (status, response["code"]) == (400, "malformed")


async def test_webhook_key_is_looked_at_before_the_body(token: str, admin: Actor) -> None:
    _, key = await sync_to_async(create_source)(admin, kind="alertmanager", name="Prod")
    for path in ("alertmanager/" + "k" * 40, f"datadog/{key}"):
        status, response = await Talk([CHUNK]).ask(f"/api/v1/webhooks/{path}", content_length="many")
        assert (status, response["code"]) == (404, "source_unknown")
    status, response = await Talk([CHUNK]).ask(f"/api/v1/webhooks/alertmanager/{key}", content_length="many")
    assert (status, response["code"]) == (400, "malformed")


async def test_key_in_a_header_or_a_senders_path_is_looked_at_before_the_body(
    token: str, admin: Actor
) -> None:
    _, genie = await sync_to_async(create_source)(admin, kind="opsgenie", name="Genie")
    _, prometheus = await sync_to_async(create_source)(admin, kind="alertmanager", name="Prod")
    for path, headers in (
        ("/v2/alerts", {"authorization": "GenieKey " + "k" * 40}),
        ("/v2/alerts", {"authorization": f"GenieKey {prometheus}"}),
        ("/v2/alerts/disk-full/close", {}),
        ("/api/v2/alerts", {"authorization": f"Bearer {genie}"}),
        (f"/api/v1/webhooks/alertmanager/{genie}/api/v2/alerts", {}),
        (f"/integrations/generic/20131114/alert/{genie}/team", {}),
    ):
        status, _ = await Talk([CHUNK]).ask(path, content_length="many", **headers)
        assert status in (401, 403, 404), path
    for path, headers in (
        ("/v2/alerts", {"authorization": f"GenieKey {genie}"}),
        ("/api/v2/alerts", {"authorization": f"Bearer {prometheus}"}),
    ):
        assert (await Talk([CHUNK]).ask(path, content_length="many", **headers))[0] == 400


async def test_body_above_the_limit_of_its_format_is_not_read_whole(token: str) -> None:
    talk = Talk([CHUNK] * 160)
    status, _ = await talk.ask("/v2/enqueue")
    assert status in (400, 413)
    assert talk.taken * len(CHUNK) <= MAX_DRAINED + len(CHUNK)


async def test_largest_body_gets_through_to_django(token: str) -> None:
    document = orjson.dumps({"title": "x", "description": ""})
    body = document + b" " * (MAX_BODY - len(document))
    status, response = await Talk([body[:9], body[9:]]).ask(
        "/api/v1/incidents", authorization=f"Bearer {token}"
    )
    assert (status, response["code"]) == (403, "forbidden")


async def test_slow_body_is_408() -> None:
    with pytest.raises(BodyTimeout):
        await read_body({}, _never(), limit=10, seconds=0.05)


def _never() -> Callable[[], Awaitable[Any]]:
    return asyncio.Event().wait
