"""Posts events one request at a time over one persistent connection, beside a steady stream."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.harness.tocsin import Tocsin

PATH = "/api/v1/events"


def event(source: str, level: str = "error", **more: Any) -> dict[str, Any]:
    """Return one event as a sender writes it, with an id of its own."""
    return {
        "event_id": uuid.uuid4().hex,
        "source": source,
        "level": level,
        "event_type": "http.error",
        "message": "upstream timed out after 3000 ms while calling payments",
        **more,
    }


class Poster:
    """One sender, with a token or (without one) as a program on this machine.

    `post` raises RuntimeError when a response is not 202.
    """

    def __init__(self, port: int, authorization: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Content-Type": "application/json"}
        if authorization:
            self.headers["Authorization"] = authorization

    def post(self, body: bytes) -> float:
        """Send one body; returns the seconds until its response was read."""
        started = time.perf_counter()
        self.connection.request("POST", PATH, body, self.headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != 202:
            raise RuntimeError(f"{response.status}: {text[:500]!r}")
        return time.perf_counter() - started

    def send(self, events: list[dict[str, Any]]) -> float:
        """Post one event as an object, several as a batch."""
        return self.post(json.dumps(events[0] if len(events) == 1 else {"events": events}).encode())


@contextmanager
def steady_load(tocsin: Tocsin, rate: int, feeders: int = 2) -> Iterator[SteadyLoad]:
    """Send `rate` events per second in batches of 100 over 20 sources, on time even if responses are late."""
    load = SteadyLoad(tocsin, rate, feeders)
    load.start()
    try:
        yield load
    finally:
        load.stop()


class SteadyLoad:
    """Feeder processes and the count of acknowledged events."""

    def __init__(self, tocsin: Tocsin, rate: int, feeders: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.stopped, self.sent = context.Event(), context.Value("q", 0)
        share = (tocsin.port, tocsin.authorization, rate / feeders, self.stopped, self.sent)
        self.feeders = [context.Process(target=_feed, args=share, daemon=True) for _ in range(feeders)]

    def start(self) -> None:
        """Start sending; measures from now on."""
        for feeder in self.feeders:
            feeder.start()
        while self.sent.value == 0 and all(feeder.is_alive() for feeder in self.feeders):
            time.sleep(0.01)
        self.began, self.before = time.perf_counter(), self.sent.value

    def reached(self) -> float:
        """Return acknowledged events per second since the start."""
        return float((self.sent.value - self.before) / (time.perf_counter() - self.began))

    def stop(self) -> None:
        """End the feeders."""
        self.stopped.set()
        for feeder in self.feeders:
            feeder.join(10)


def _feed(port: int, authorization: str, rate: float, stopped: Any, sent: Any, batch: int = 100) -> None:
    poster, levels = Poster(port, authorization), ("error", "info", "info", "warning")
    due, made, prefix = time.perf_counter(), 0, uuid.uuid4().hex
    while not stopped.is_set():
        texts = [
            f'{{"event_id":"{prefix}{i}","source":"svc-{i // 4 % 20}","level":"{levels[i % 4]}",'
            f'"event_type":"http.error","message":"upstream timed out","metadata":{{"code":"504"}}}}'
            for i in range(made, made + batch)
        ]
        poster.post(('{"events":[' + ",".join(texts) + "]}").encode())
        made += batch
        with sent.get_lock():
            sent.value += batch
        due += batch / rate
        time.sleep(max(0.0, due - time.perf_counter()))
