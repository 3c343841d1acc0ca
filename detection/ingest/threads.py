"""Runs blocking calls outside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import connections

TIMEOUT_S: Final = 5.0
P = ParamSpec("P")
R = TypeVar("R")

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="ingest")


async def in_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `call(*args)` in a thread; a database connection it used returns to the pool.

    Raises TimeoutError after `TIMEOUT_S`: the thread may hang longer, its caller does not.
    """
    async with asyncio.timeout(TIMEOUT_S):
        return await asyncio.get_running_loop().run_in_executor(_threads, lambda: _run(call, *args, **kwargs))


def _run(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return call(*args, **kwargs)
    finally:
        connections.close_all()
