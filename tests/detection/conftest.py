"""A workspace with rules, and events sent to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.detection.bursts import Send

if TYPE_CHECKING:  # models may be imported only after the servers run
    from accounts.actor import Actor
    from accounts.models import Workspace
    from detection.models import DetectionRule


@pytest.fixture
def machine(workspace: Workspace) -> Actor:
    from accounts.actor import system_actor

    return system_actor(workspace.pk)


@pytest.fixture
def make_rule(workspace: Workspace) -> Callable[..., DetectionRule]:
    from detection.models import DetectionRule

    def make(rule_id: str = "errors", **fields: Any) -> DetectionRule:
        given: dict[str, Any] = {
            "name": rule_id, "incident_type": "error_burst", "severity": "sev2", "minimum_level": 3,
            "error_threshold": 5, "time_window_seconds": 300, **fields,
        }  # fmt: skip
        return DetectionRule.objects.create(workspace_id=workspace.pk, rule_id=rule_id, **given)

    return make


@pytest.fixture
def send(machine: Actor) -> Send:
    """`send([{"source": ...}])`: store a batch; returns how many were new and how many were there already."""

    from detection.evaluation.services.draining import drain
    from detection.ingest.services.accept_events import accept_events

    def post(events: list[dict[str, Any]], *, then_drain: bool = True) -> tuple[int, int]:
        batch, repeated = accept_events(machine, body=orjson.dumps(events))
        assert not batch.faults, batch.faults
        if then_drain:
            drain()
        return len(batch.events) - repeated, repeated

    return post


@pytest.fixture
def count_events(workspace: Workspace) -> Callable[[], int]:
    """How many events the workspace has stored."""
    from detection.models import Event

    return Event.objects.of(workspace.pk).count
