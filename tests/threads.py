"""Many threads at once, on real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Run `call(0)` … `call(count - 1)` in threads that start together; results or exceptions, in order."""
    gate = threading.Barrier(count)

    def run(index: int) -> Any:
        gate.wait(timeout=30)
        try:
            return call(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(run, index) for index in range(count)]
    return [future.exception() or future.result() for future in futures]
