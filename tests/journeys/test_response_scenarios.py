"""Each scenario of the response guide, from its events to the draft of its postmortem.

Events, rule, incident, analysis, safe actions, recovery, resolution, postmortem: the data flow of the guide.
A sev4 incident is the exception at its end: its postmortem is drafted on request.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import NotFound
from core.queue.runner import run_due as run_queue
from core.queues import RELAY
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from detection.queues import ANALYSIS
from detection.rules.services.rules import install_builtin_rules
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Analysis, Incident, StageVisit, TimelineEntry
from incidents.selectors import incident_for
from postmortems.documents.selectors import postmortem_for
from postmortems.drafting.collect import collect
from postmortems.drafting.requests import NOT_DRAFTED
from postmortems.drafting.services import draft_postmortem
from postmortems.queues import DRAFT
from remediation.catalogue.definitions import scenario_for, shipped_actions
from remediation.catalogue.services import change_action
from remediation.queues import ACTIONS, RECOVERY
from remediation.runs.models import RemediationRun
from remediation.runs.services.running import run_due
from remediation.vocabulary import CARRIED_OUT, LIVE, RunState
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
# Incident type -> an event type and a message of it, and the actions that start by themselves on a component
# of tier 3. The others are recommended or need an approval.
SCENARIOS = {
    "service_down": ("service_unavailable", "Health check failed: connection refused",
                     ["scale_up", "restart_service"]),
    "memory_exhaustion": ("memory_high", "Memory usage at 95% (1.9GB/2GB)",
                          ["scale_up", "kill_zombie_processes", "restart_service"]),
    "error_burst": ("api_error", "POST /api/users returned 500", ["clear_cache", "restart_service"]),
    "performance_degradation": ("slow_request", "Request took 5.2s (threshold: 1s)",
                                ["scale_up", "clear_cache"]),
    "cache_failure": ("cache_failure", "Cache cluster down", ["clear_cache"]),
    "database_connection_failure": ("database_connection_error", "Connection pool exhausted", ["scale_up"]),
    "api_rate_limit": ("rate_limit_exceeded", "429 Too Many Requests from the provider", []),
    "disk_space_low": ("disk_space_low", "Disk usage at 96 %", []),
    "network_partition": ("network_partition", "Network partition between zones", []),
    "security_breach": ("security_breach", "Intrusion detected", []),
}  # fmt: skip


@pytest.fixture
def connected(admin, settings, tmp_path):
    """Every action of the catalogue is carried out by a command that succeeds."""
    settings.DATA_DIR = tmp_path
    command = [sys.executable, "-I", "-S", "-c", "import sys; print('done', sys.argv[1])", "{component}"]
    settings.REMEDIATION_COMMANDS = {one.slug: command for one in shipped_actions()}
    for one in shipped_actions():
        fields = {"executor": "command", "config": {"command": one.slug}, "cooldown_s": 0}
        change_action(admin, one.slug, fields=fields)
    return admin


def settle(*queues):
    """Deliver facts and do what is due, until nothing is."""
    while sum(run_queue(queue, at=timezone.now()) for queue in (RELAY, *queues)):
        pass


def carry_out(workspace_id):
    """Let workers follow every run until none is live."""
    rows = RemediationRun.objects.of(workspace_id)
    deadline = time.monotonic() + 30
    while rows.filter(state__in=[RunState.APPROVED, *LIVE]).exists() and time.monotonic() < deadline:
        rows.filter(state__in=LIVE).update(lease_until="2000-01-01T00:00:00Z")
        run_due()


def report(workspace_id, event_type, message):
    """Twelve such events of one service within a minute, evaluated."""
    install_builtin_rules(system_actor(workspace_id))
    now = timezone.now()
    events = [
        {
            "event_id": f"evt-{n}", "source": "checkout", "event_type": event_type, "severity": "critical",
            "message": message, "timestamp": (now - timedelta(seconds=n)).isoformat(),
            "correlation_id": "request_456",
        }
        for n in range(12)
    ]  # fmt: skip
    batch, _ = accept_events(system_actor(workspace_id), body=orjson.dumps(events))
    assert not batch.faults
    drain()


@pytest.mark.parametrize("kind", SCENARIOS)
def test_scenario_runs_from_its_events_to_its_postmortem(connected, kind):
    workspace_id = connected.workspace_id
    event_type, message, starts = SCENARIOS[kind]
    report(workspace_id, event_type, message)
    incident = Incident.objects.of(workspace_id).get()
    assert incident.incident_type == kind
    settle(ANALYSIS, ACTIONS)
    assert Analysis.objects.of(workspace_id).filter(incident=incident).exists()

    carry_out(workspace_id)
    runs = RemediationRun.objects.of(workspace_id).select_related("action").order_by("id")
    done = [run.action.slug for run in runs if run.state in CARRIED_OUT]
    assert done == starts
    assert all(run.state == RunState.AWAITING_APPROVAL for run in runs if run.action.slug not in starts)
    assert all(run.is_automatic and run.risk == "low" for run in runs if run.action.slug in starts)
    assert bool(starts) <= scenario_for(kind).automatic
    settle(RECOVERY)
    visits = StageVisit.objects.of(workspace_id).filter(incident=incident, entered_at__isnull=False)
    assert {"containment", "recovery"} <= set(visits.values_list("stage", flat=True)) or not starts

    resolve_incident(connected, number=incident.number, message="Checked by hand.")
    settle(DRAFT)
    if incident.severity in NOT_DRAFTED:
        with pytest.raises(NotFound):
            postmortem_for(connected, incident.number)
        draft_postmortem(connected, incident.number)
    drafted = postmortem_for(connected, incident.number)
    assert drafted.status == "draft"
    assert (kind == "cache_failure") == (incident.severity == "sev4")
    entries = TimelineEntry.objects.of(workspace_id).filter(incident=incident, kind="remediation")
    assert entries.exists() == bool(runs)
    evidence = [
        (one.action, one.status) for one in collect(incident_for(connected, incident.number)).remediation
    ]
    assert len(evidence) == len(runs), evidence


@pytest.mark.parametrize(
    "query", ["severity=critical", "status=active", "component=api", "since=1h", "type=error_burst"]
)
def test_dashboard_takes_each_filter_of_the_guide(admin, query):
    """The list that `incidents dashboard` leads to."""
    given = {"severity": "sev1", "incident_type": "error_burst", "components": ["api"]}
    declare_incident(admin, title="Wanted incident", **given)
    other = declare_incident(admin, title="Other one", severity="sev3", components=["cache"])
    resolve_incident(admin, number=other.number)
    Incident.objects.of(admin.workspace_id).filter(pk=other.pk).update(
        detected_at=timezone.now() - timedelta(hours=2)
    )
    page = browser_for(admin).get(f"/incidents?{query}")
    assert page.status_code == 200
    shown = page.content.decode()
    assert ("Wanted incident" in shown, "Other one" in shown) == (True, False)
