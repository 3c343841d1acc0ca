"""Tocsin's own programs and how each is started; the one place that knows their options."""

from __future__ import annotations

import sys
from typing import Final

from config.schedule import DEFAULT, DETECTION

# An open page holds one request for as long as it is open, so the usual limit is far too low.
PENDING_REQUESTS: Final = 8192
STOP_WITHIN_S: Final = 8
WORKERS: Final = ("detection", "worker")


def programs(port: int, web_workers: int, host: str = "127.0.0.1") -> dict[str, list[str]]:
    """Name -> argv, in the order they start."""
    return {
        "detection": _worker(DETECTION, "solo"),
        "worker": _worker(DEFAULT, "threads", "--concurrency=4"),
        "web": web(port, web_workers, host),
        "beat": _python("celery", "--app=config.beat", "--quiet", "beat"),
    }


def web(port: int, workers: int, host: str = "127.0.0.1") -> list[str]:
    """The web server."""
    options = {
        "interface": "asginl",
        "host": host,
        "port": port,
        "workers": workers,
        "loop": "uvloop",
        "backlog": 4096,
        "backpressure": PENDING_REQUESTS,
        "workers-kill-timeout": STOP_WITHIN_S,
        "log-level": "warning",
    }
    flags = [f"--{k}={v}" for k, v in options.items()]
    return _python("granian", *flags, "--no-ws", "--respawn-failed-workers", "config.asgi:application")


def _worker(queue: str, pool: str, *more: str) -> list[str]:
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    name = f"--hostname={queue}@%h"
    return _python(
        "celery",
        "--app=config.celery",
        "--quiet",
        "worker",
        f"--queues={queue}",
        f"--pool={pool}",
        name,
        *quiet,
        *more,
    )


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
