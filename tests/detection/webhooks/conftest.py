"""A workspace with sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.detection.webhooks.senders import Sender

if TYPE_CHECKING:  # models may be imported only after the servers run
    from accounts.models import Workspace


@pytest.fixture
def make_sender(workspace: Workspace) -> Callable[..., Sender]:
    """`make_sender("alertmanager")`: a source of that format, called Prod unless named."""
    from accounts.actor import system_actor
    from detection.sources.services.sources import create_source

    def make(kind: str = "alertmanager", name: str = "Prod", **fields: Any) -> Sender:
        source, key = create_source(system_actor(workspace.pk), kind=kind, name=name, **fields)
        return Sender(source, key)

    return make
