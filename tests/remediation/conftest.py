"""Fixtures of the remediation tests: an incident with a component, and actions with real executors."""

from __future__ import annotations

import sys
from ipaddress import ip_network

import pytest

from tests.incidents.make import NOW, signal


@pytest.fixture
def incident(workspace):
    """A detected incident of type service_down on the component checkout, tier 3."""
    from django.db import transaction

    from incidents.correlation.services.opening import report_signals
    from incidents.models import Incident

    with transaction.atomic():
        [outcome] = report_signals(workspace.pk, [signal(incident_type="service_down")], now=NOW)
    return Incident.objects.of(workspace.pk).get(pk=outcome.incident_id)


@pytest.fixture
def admin(make_actor):
    """An admin of the workspace."""
    return make_actor("admin")


@pytest.fixture
def ingest(workspace):
    """`ingest([{...}])`: store events and evaluate them."""

    import orjson

    from accounts.actor import system_actor
    from detection.evaluation.services.draining import drain
    from detection.ingest.services.accept_events import accept_events

    def send(events):
        batch, _ = accept_events(system_actor(workspace.pk), body=orjson.dumps(events))
        assert not batch.faults, batch.faults
        drain()

    return send


@pytest.fixture
def connect(admin, settings, tmp_path):
    """`connect("scale_up", "print('ok')")`: the action runs this Python code as its command."""
    from remediation.catalogue.services import change_action, ensure_catalogue

    settings.DATA_DIR = tmp_path
    settings.REMEDIATION_COMMANDS = {}

    def make(slug, code="print('ok')", **fields):
        ensure_catalogue(admin.workspace_id)
        settings.REMEDIATION_COMMANDS = {
            **settings.REMEDIATION_COMMANDS, slug: [sys.executable, "-c", code, "{component}"],
        }  # fmt: skip
        wanted = {"executor": "command", "config": {"command": slug}, "cooldown_s": 0, **fields}
        return change_action(admin, slug, fields=wanted)

    return make


@pytest.fixture
def loopback(settings):
    """Outgoing requests may reach this machine."""
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def finish():
    """`finish(run)`: let workers follow the run until it rests; returns it as stored."""
    import time

    from remediation.runs.models import RemediationRun
    from remediation.runs.services.running import run_due
    from remediation.vocabulary import LIVE, RunState

    def follow(run):
        runs = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            run_due()
            stored = runs.select_related("action", "incident").get()
            if stored.state not in {*LIVE, RunState.APPROVED} or stored.state == RunState.UNKNOWN:
                return stored
            runs.update(lease_until="2000-01-01T00:00:00Z")  # ask again at once, not in five seconds
            time.sleep(0.05)
        raise AssertionError(f"the run stays {stored.state}")

    return follow


@pytest.fixture
def proposed(incident, admin, connect):
    """A low-risk run that Tocsin proposed and may not start: the policy lets it start nothing."""
    from remediation.recovery.services.policies import change_policy
    from remediation.runs.services.proposing import propose_automatic

    change_policy(admin, {"auto_start": []})
    connect("scale_up")
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    return run
