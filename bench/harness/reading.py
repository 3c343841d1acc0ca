"""One reader of pages: a signed-in session on one connection, and how long each answer takes."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness.browsing import sign_in
from bench.harness.tocsin import Tocsin


class Reader:
    """Gets pages as someone who is signed in."""

    def __init__(self, tocsin: Tocsin, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", tocsin.port, timeout=60)
        self._headers = {"Cookie": cookie}

    def get(self, path: str) -> str:
        """The page. Raises RuntimeError when it is not answered with 200."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {text[:300]}")
        return text

    def milliseconds(self, path: str) -> float:
        """From the first byte of the request to the last of the answer, on a connection that is open."""
        started = time.perf_counter()
        self.get(path)
        return (time.perf_counter() - started) * 1e3

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def reading(tocsin: Tocsin) -> Iterator[Reader]:
    """A reader of a running Tocsin, signed in by its printed link."""
    reader = Reader(tocsin, sign_in(tocsin))
    try:
        yield reader
    finally:
        reader.close()
