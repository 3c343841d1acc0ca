"""Exit codes against servers that refuse, fail, hang or have no TLS; `watch` over a stream."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.receiver import Received, Receiver, Reply, running
from tests.tocsin.conftest import RunTocsin
from tocsin.cli.commands import watch
from tocsin.client import Client

COMMANDS = [
    "incidents list", "incidents get INC-1", "incidents acknowledge INC-1", "incidents stats", "oncall who",
    "action-items create INC-1 Title", "runs approve 1 --digest x", "tokens rotate 1", "whoami",
]  # fmt: skip
STATUSES = [(401, 1), (403, 1), (404, 1), (409, 1), (422, 1), (429, 3), (500, 3), (503, 3)]


def problem(status: int) -> Reply:
    body = {
        "status": status,
        "code": "x",
        "title": "Refused",
        "detail": f"Because of {status}.",
        "errors": [],
    }
    headers = {"Content-Type": "application/problem+json", "Retry-After": "0"}
    return Reply(status, json.dumps(body).encode(), headers)


@pytest.fixture
def fake(own_home: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server that the command line is set up for."""
    with running(Receiver()) as receiver:
        monkeypatch.setenv("TOCSIN_URL", receiver.url)
        monkeypatch.setattr("tocsin.client.time.sleep", lambda _: None)
        yield receiver


@pytest.mark.parametrize("command", COMMANDS)
def test_each_refusal_has_its_exit_code(run_tocsin: RunTocsin, fake: Receiver, command: str) -> None:
    for status, code in STATUSES:
        fake.reset(lambda _, status=status: problem(status))
        ran = run_tocsin(*command.split())
        assert (ran.code, ran.out) == (code, ""), f"{status}: {ran.err}"
        assert f"Because of {status}." in ran.err
        assert ran.err.startswith("tocsin: ")


def test_reads_are_repeated_and_unknown_keys_are_not_relied_upon(
    run_tocsin: RunTocsin, fake: Receiver
) -> None:
    fake.reset(lambda _: problem(503))
    run_tocsin("oncall", "who")
    assert len(fake.received) == 3
    fake.reset(lambda _: problem(503))
    run_tocsin("channels", "test", "1")  # the server knows no key for it: once, so that it is not done twice
    assert len(fake.received) == 1
    fake.reset(lambda _: problem(503))
    run_tocsin("action-items", "create", "INC-1", "Title")
    keys = {request.headers["idempotency-key"] for request in fake.received}
    assert (len(fake.received), len(keys)) == (3, 1)


def _closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_server_that_is_down_or_has_no_tls_is_unreachable(
    run_tocsin: RunTocsin, fake: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (_closed(), fake.url.replace("http:", "https:"), "http://tocsin.invalid"):
        insecure = ("--insecure-http",) if "invalid" in url else ()
        ran = run_tocsin("--url", url, *insecure, "incidents", "list")
        assert (ran.code, ran.out) == (3, "")
        assert "cannot be reached" in ran.err


def test_server_that_never_responds_is_unreachable(
    run_tocsin: RunTocsin, own_home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "timeout", 0.1)
    monkeypatch.setattr("tocsin.client.time.sleep", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        ran = run_tocsin("--url", url, "incidents", "list")
    assert (ran.code, ran.out) == (3, "")


def incident(version: int, severity: str = "sev2") -> dict[str, Any]:
    return {
        "incident_id": "INC-7", "title": "Search latency high", "severity": severity, "status": "open",
        "stage": "assessment", "version": version, "detected_at": "2026-01-28T12:00:00Z",
    }  # fmt: skip


class Live:
    """Streams that end after two signals; the second connection is dropped, the fourth stops the watch."""

    def __init__(self) -> None:
        self.streams = 0
        self.version = 0

    def __call__(self, request: Received) -> Reply:
        if request.path.startswith("/api/v1/live"):
            self.streams += 1
            if self.streams == 2:
                return Reply(drops=True)
            if self.streams == 4:
                return problem(403)
            frames = b"retry: 1000\n: beat\n\n" + b"event: signal\ndata: {}\n\n" * 2
            return Reply(200, frames, {"Content-Type": "text/event-stream"})
        if self.streams == 2:
            return problem(503)  # away in between, and shown as such
        self.version += 1
        body: Any = incident(self.version)
        if not request.path.startswith("/api/v1/incidents/"):
            body = [body]
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize(("words", "topic"), [((), "incidents"), (("inc_00007",), "incident%3A7")])
def test_watch_follows_a_stream_and_comes_back_after_it_broke(
    run_tocsin: RunTocsin, fake: Receiver, monkeypatch: pytest.MonkeyPatch, words: Any, topic: str
) -> None:
    monkeypatch.setattr(watch, "MIN_PAUSE_S", 0.0)
    monkeypatch.setenv("TOCSIN_TOKEN", "tcs_abcdefgh_" + "x" * 40)
    fake.reset(Live())
    ran = run_tocsin("incidents", "watch", *words, "--format", "json")
    assert ran.code == 1
    assert "Because of 403." in ran.err
    shown = [json.loads(line)["version"] for line in ran.out.splitlines()]
    assert shown == sorted(set(shown))
    assert len(shown) >= 5
    assert "Shown as of" in ran.err
    streams = [r for r in fake.received if r.path.startswith("/api/v1/live")]
    assert len(streams) == 4
    assert {topic in r.path.replace(":", "%3A") for r in streams} == {True}
    assert {r.headers["authorization"][:10] for r in streams} == {"Bearer tcs"}


def test_watch_polls_where_there_is_no_stream(
    run_tocsin: RunTocsin, fake: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Polled(Live):
        def __call__(self, request: Received) -> Reply:
            if request.path.startswith("/api/v1/live"):
                self.streams += 1
                return problem(404 if self.streams < 3 else 403)
            return super().__call__(request)

    monkeypatch.setattr(watch, "POLL_EVERY_S", 0.0)
    monkeypatch.setattr(watch, "MIN_PAUSE_S", 0.0)
    responder: Callable[[Received], Reply] = Polled()
    fake.reset(responder)
    ran = run_tocsin("incidents", "watch", "-q")
    assert ran.code == 1
    assert ran.out.splitlines()[:2] == ["INC-7", "INC-7"]


def test_watch_that_never_reached_the_server_is_unreachable(run_tocsin: RunTocsin, fake: Receiver) -> None:
    fake.reset(lambda _: problem(503))
    assert run_tocsin("incidents", "watch").code == 3
