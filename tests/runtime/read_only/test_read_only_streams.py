"""On a database that refuses writes, events and live streams return 503 with Retry-After."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from accounts.tokens.services import issue_token
from core.live import stream as live_stream
from detection.ingest.asgi import application, event_receiver
from detection.models import Event
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db(transaction=True)
EVENT = b'{"service": "shop", "level": "error", "message": "boom"}'


def _forget_connections() -> None:
    """Those of this thread and of the pool, which know nothing of the setting."""
    connections.close_all()
    connection.close_pool()


@pytest.fixture
def session(admin: Any) -> str:
    """The cookies of a page that was signed in before the database refused writes."""
    return "; ".join(f"{name}={one.value}" for name, one in browser_for(admin).cookies.items())


@pytest.fixture
def token(admin: Any) -> Iterator[str]:
    """A token; from then on every new connection to this database can only read."""
    issued = issue_token(admin, name="sender", scopes=["events:write", "incidents:read"])
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'alter database "{name}" set default_transaction_read_only = on')
    _forget_connections()
    yield issued.text
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")
        cursor.execute(f'alter database "{name}" reset default_transaction_read_only')
    _forget_connections()


async def ask(
    app: Any, path: str, method: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[bytes, bytes]]:
    """The status and the headers; the client is gone after its body."""
    sent: list[dict[str, Any]] = []
    requests = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return requests.pop() if requests else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in {"host": "testserver", **headers}.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": raw,
        "client": ("127.0.0.1", 1),
        "query_string": b"topics=incidents",
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def test_events_are_refused_with_retry_after(token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    before = await Event.across_workspaces.acount()
    try:
        for _ in range(2):
            status, headers_sent = await ask(application, "/api/v1/events", "POST", EVENT, headers)
            assert (status, headers_sent[b"retry-after"]) == (503, b"2")
        assert await Event.across_workspaces.acount() == before
    finally:
        await event_receiver().close()
        await sync_to_async(connections.close_all)()


async def test_live_stream_is_refused_with_retry_after(token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    for _ in range(2):
        status, headers_sent = await ask(live_stream.application, "/api/v1/live", "GET", b"", headers)
        assert (status, headers_sent.get(b"retry-after")) == (503, b"5")
        assert headers_sent[b"content-type"] == b"application/problem+json"


async def test_live_stream_of_a_signed_in_page_goes_on_as_it_only_reads(session: str, token: str) -> None:
    for _ in range(2):
        status, headers_sent = await ask(live_stream.application, "/live", "GET", b"", {"cookie": session})
        assert (status, headers_sent[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    status, _ = await ask(live_stream.application, "/live", "GET", b"", {"cookie": "sessionid=none"})
    assert status == 401
