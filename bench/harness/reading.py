"""Reads pages in a signed-in session on one connection, and measures each response time."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness.browsing import sign_in
from bench.harness.tocsin import Tocsin


class Reader:
    """Gets pages as a signed-in person."""

    def __init__(self, tocsin: Tocsin, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", tocsin.port, timeout=60)
        self._headers = {"Cookie": cookie}

    def get(self, path: str) -> str:
        """Return the page. Raises RuntimeError unless the status is 200."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        text = response.read().decode(errors="replace")
        if response.status != 200:
            raise RuntimeError(f"{path} returned {response.status}: {text[:300]}")
        return text

    def milliseconds(self, path: str) -> float:
        """Return the time from the request's first byte to the response's last, on an open connection."""
        started = time.perf_counter()
        self.get(path)
        return (time.perf_counter() - started) * 1e3

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def reading(tocsin: Tocsin) -> Iterator[Reader]:
    """Return a reader of a running Tocsin, signed in by its printed link."""
    reader = Reader(tocsin, sign_in(tocsin))
    try:
        yield reader
    finally:
        reader.close()
