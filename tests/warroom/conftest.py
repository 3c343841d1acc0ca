"""A workspace connected to the fake Slack."""

from __future__ import annotations

import pytest


@pytest.fixture
def connected(db, settings, admin, actor):
    from tests.warroom.connected import connect  # models may be imported only after the servers run

    with connect(settings, admin, actor) as team:
        yield team
