"""Command lines of Tocsin's programs."""

from __future__ import annotations

import sys
from typing import Final

from config.runtime.queue_list import load_declarations
from core.queue.declaration import PROCESSES, queues_of

# Each open page holds one request, so the default limit is far too low.
PENDING_REQUESTS: Final = 8192
STOP_WITHIN_S: Final = 8
load_declarations()
WORKERS: Final = tuple(process for process in PROCESSES if queues_of(process))


def programs(port: int, web_workers: int, host: str = "127.0.0.1") -> dict[str, list[str]]:
    """Return name -> argv, in start order."""
    return {
        **{process: _python("config.runtime.worker_main", process) for process in WORKERS},
        "web": web(port, web_workers, host),
        "beat": _python("config.runtime.beat_main"),
        "slack-socket": _python("config.runtime.slack_socket_main"),
    }


def web(port: int, workers: int, host: str = "127.0.0.1") -> list[str]:
    """Return the command line of the web server."""
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


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
