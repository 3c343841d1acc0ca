"""The six incidents of the guide to creating incidents, by its calls: events in, analysed incidents out."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Scope
from accounts.tokens.services import issue_token
from core.queue.runner import run_due
from core.queues import RELAY
from detection.evaluation.services.draining import drain
from detection.queues import ANALYSIS
from detection.rules.services.rules import install_builtin_rules
from tests.api.client import ApiClient
from tests.architecture.source import ROOT

pytestmark = pytest.mark.django_db

# service: messages, the category, the worst and the least severity that the guide's words allow, and a word
# that the recommended actions must hold.
SIX = {
    "order-service": (
        ["Database connection timeout: failed to connect to PostgreSQL",
         "Connection pool exhausted: too many clients already"],
        "database_issue", ("sev1", "sev1"), "connection",
    ),
    "api-gateway": (
        ["Gateway timeout: upstream service did not respond within 30s",
         "Connection refused: upstream service unavailable"],
        "network_issue", ("sev1", "sev2"), "routes",
    ),
    "worker-service": (
        ["Out of memory: Java heap space exceeded", "OOM killed: container exceeded its memory limit"],
        "memory_issue", ("sev1", "sev1"), "memory",
    ),
    "auth-service": (
        ["JWT token expired: authentication failed", "Authentication failed: invalid credentials"],
        "authentication_issue", ("sev1", "sev2"), "token expired",
    ),
    "payment-service": (
        ["Rate limit exceeded: 429 Too Many Requests", "API rate limit reached, request throttled"],
        "rate_limit_issue", ("sev2", "sev3"), "limit",
    ),
    "storage-service": (
        ["No space left on device: disk is full", "Disk space critical: 98% used on /var/data"],
        "storage_issue", ("sev1", "sev2"), "disk",
    ),
}  # fmt: skip


@pytest.fixture
def api(workspace):
    install_builtin_rules(system_actor(workspace.pk))
    scopes = [Scope.EVENTS_WRITE, Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE]
    return ApiClient(issue_token(system_actor(workspace.pk), name="script", scopes=scopes).text)


def work():
    """What the workers do: evaluate, deliver what was published, analyse."""
    drain()
    run_due(RELAY, at=timezone.now())
    run_due(ANALYSIS, at=timezone.now())


@pytest.fixture
def six(api):
    for service, (messages, *_) in SIX.items():
        for number in range(6):
            body = {"service": service, "level": "ERROR", "message": messages[number % 2]}
            assert api.post("/events", body).status_code == 202
    work()
    found = api.get("/incidents").json()
    return {
        one["affected_components"][0]: api.get(f"/incidents/{one['incident_id']}").json() for one in found
    }


def test_each_service_opens_one_incident(six):
    assert set(six) == set(SIX)
    assert {one["event_count"] for one in six.values()} == {6}


def test_each_incident_is_analysed_with_category_severity_summary_and_actions(six):
    for service, (_, category, (worst, least), word) in SIX.items():
        analysis = six[service]["analysis"]
        assert (service, analysis["category"], six[service]["category"]) == (service, category, category)
        assert worst <= analysis["severity"] <= least, (service, analysis["severity_reason"])
        assert service in analysis["summary"]
        assert (analysis["author"], analysis["event_count"]) == ("offline", 6)
        actions = " ".join(one["text"].lower() for one in analysis["recommended_actions"])
        assert word in actions, (service, actions)
        assert analysis["evidence"][0]["line"] in SIX[service][0]
        assert analysis["cause"]["primary_source"] == service


@pytest.mark.parametrize(
    ("count", "level"), [(4, "ERROR"), (20, "INFO"), (4, "CRITICAL"), (20, "DEBUG"), (4, "WARNING")]
)
def test_too_few_or_harmless_events_open_nothing(api, count, level):
    for number in range(count):
        api.post("/events", {"service": "quiet", "level": level, "message": f"Something {number}"})
    work()
    assert api.get("/incidents").json() == []


def test_five_events_of_different_services_open_nothing(api):
    for number in range(5):
        api.post("/events", {"service": f"s{number}", "level": "ERROR", "message": "Something went wrong"})
    work()
    assert api.get("/incidents").json() == []


def test_status_changes_as_the_guide_describes(api, six):
    name = six["order-service"]["incident_id"]
    for status in ("investigating", "resolved", "closed"):
        response = api.patch(f"/incidents/{name}/status", {"status": status})
        assert (response.status_code, response.json()["status"]) == (200, status)


def test_script_opens_six_incidents_of_the_announced_severities_and_categories(api):
    """The events of scripts/create_incidents.sh, which have no event type."""
    script = (ROOT / "scripts" / "create_incidents.sh").read_text()
    bursts = re.findall(r'^burst "[^"]+" (\S+) (\S+) \\\n((?:    .+\n)+)', script, re.M)
    for service, level, lines in bursts:
        metadata = {"free_percent": 3} if service == "storage-node" else {}
        for message in re.findall(r'"([^"]+)"', lines):
            api.post(
                "/events", {"service": service, "level": level, "message": message, "metadata": metadata}
            )
    work()
    listed = {one["service"]: one for one in api.get("/incidents").json()}
    found = {service: (one["severity"], one["category"]) for service, one in listed.items()}
    assert found == {
        "orders-db": ("sev1", "database_issue"),
        "api-gateway": ("sev2", "performance_issue"),
        "report-worker": ("sev1", "memory_issue"),
        "auth-service": ("sev2", "authentication_issue"),
        "partner-api": ("sev3", "rate_limit_issue"),
        "storage-node": ("sev1", "storage_issue"),
    }
    summary = api.get(f"/incidents/{listed['api-gateway']['number']}").json()["analysis"]["summary"]
    assert "most often" not in summary
