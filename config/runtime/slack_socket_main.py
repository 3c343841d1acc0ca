"""Socket Mode of Slack: `python -m config.runtime.slack_socket_main`. Without an app-level token it waits."""

from __future__ import annotations

import importlib
import logging.config
import signal
from threading import Event

import django
from django.conf import settings

from config.celery import app


def serve() -> None:
    """Blocks until a signal ends it."""
    app.set_current()
    django.setup()
    logging.config.dictConfig(settings.LOGGING)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # By name, for it has models, which can be imported only now.
    importlib.import_module("warroom.socket_mode.serving").Sockets().serve(stop)


if __name__ == "__main__":
    serve()
