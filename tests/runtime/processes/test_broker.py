"""Celery processes reconnect to an unavailable broker every few seconds, after any outage."""

from __future__ import annotations

import pytest

from config import celery
from config.runtime import beat
from config.runtime.broker import MAX_PAUSE_S
from core.embedded.process import free_port


class EnoughError(Exception):
    """The test has seen enough attempts."""


@pytest.mark.parametrize("app", [celery.app, beat.app], ids=["workers", "beat"])
def test_pauses_between_attempts_stay_short(app, monkeypatch):
    slept, pauses = [], []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)

    def note(error, pause):
        pauses.append(pause)
        if len(pauses) > 40:
            raise EnoughError

    away = f"redis://127.0.0.1:{free_port()}/0"
    with app.connection_for_write(url=away) as connection, pytest.raises(EnoughError):
        connection.ensure_connection(note, app.conf.broker_connection_max_retries)
    assert len(pauses) == 41
    assert max(pauses) == MAX_PAUSE_S
    assert sum(slept) <= 41 * MAX_PAUSE_S
