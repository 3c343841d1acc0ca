"""An outbox of the test's own: subscribers that live as long as one test."""

from __future__ import annotations

import pytest

from core.registry import Registry


@pytest.fixture
def subscribers(monkeypatch):
    """An empty registry in the place of the real one; `outbox.subscriber` fills it."""
    from core.outbox import events as outbox_events
    from core.outbox import relay

    registry = Registry("subscriber")
    monkeypatch.setattr(outbox_events, "SUBSCRIBERS", registry)
    monkeypatch.setattr(relay, "SUBSCRIBERS", registry)
    return registry


@pytest.fixture
def delivered(subscribers):
    """The `what` of each event that the subscriber "ear" received."""
    from core.outbox.events import subscriber

    received = []

    @subscriber("ear", topics=("test.*",))
    def ear(event):
        received.append(event.payload["what"])

    return received
