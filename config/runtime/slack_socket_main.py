"""Slack Socket Mode: `python -m config.runtime.slack_socket_main`.

Waits while there is no app-level token.
"""

from __future__ import annotations

import importlib
import logging.config
import signal
from threading import Event

import django
from django.conf import settings

from config.celery import app


def serve() -> None:
    """Run until a signal ends it."""
    app.set_current()
    django.setup()
    logging.config.dictConfig(settings.LOGGING)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Imported late: it has models, which need Django to be set up.
    importlib.import_module("warroom.socket_mode.serving").Sockets().serve(stop)


if __name__ == "__main__":
    serve()
