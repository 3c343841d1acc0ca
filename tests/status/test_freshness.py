"""Delay from a change to its readers: each step has a bound, five seconds in all."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone

from core.queue.runner import run_due
from status.publishing.services.incidents import publish_incident
from status.queues import STATUS_PAGE
from status.snapshots import store as stores
from status.snapshots.models import PageBuild
from status.snapshots.responses import CACHE_PUBLIC
from status.snapshots.services.requests import MIN_BETWEEN_BUILDS
from status.snapshots.store import LOOK_EVERY_S, store

SHOWN_WITHIN = timedelta(seconds=5)


def test_bounds_of_the_steps_add_up_to_five_seconds():
    cached = sum(int(part) for part in re.findall(r"(?:max-age|revalidate)=(\d+)", CACHE_PUBLIC)[:1])
    assert MIN_BETWEEN_BUILDS + timedelta(seconds=LOOK_EVERY_S + cached) <= SHOWN_WITHIN


def test_publication_is_shown_after_one_build_and_one_look(scenario, monkeypatch):
    scenario.build()
    assert "Checkout is slow" not in scenario.get().content.decode()
    publish_incident(scenario.actor, number=scenario.incident.number, title="Checkout is slow")
    latest = timezone.now() + MIN_BETWEEN_BUILDS
    build = PageBuild.objects.of(scenario.actor.workspace_id).get()
    assert build.due_at <= latest
    assert run_due(STATUS_PAGE, at=latest) == 1
    seen_at = store()._looked_at
    monkeypatch.setattr(stores.time, "monotonic", lambda: seen_at + LOOK_EVERY_S)
    assert "Checkout is slow" in scenario.get().content.decode()


def test_change_during_a_build_is_built_again_at_once(scenario):
    scenario.build()
    publish_incident(scenario.actor, number=scenario.incident.number, title="Checkout is slow")
    build = PageBuild.objects.of(scenario.actor.workspace_id).get()
    assert build.wanted > build.built
    run_due(STATUS_PAGE, at=timezone.now() + MIN_BETWEEN_BUILDS)
    build.refresh_from_db()
    assert build.wanted == build.built
