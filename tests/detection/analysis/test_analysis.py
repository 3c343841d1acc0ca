"""From events to the stored analysis of an incident: queue, revisions, page, API and export."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from core.queue.runner import run_due
from core.queues import RELAY
from detection.analysis.services import planning
from detection.evaluation.services.incident_evidence import refresh_evidence
from detection.models import AnalysisJob
from detection.queues import ANALYSIS
from incidents.analysis.services import record_analysis
from incidents.correlation.services.opening import declare_incident
from incidents.models import Analysis, Incident
from tests.detection.bursts import errors
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
SLOTS = "FATAL: remaining connection slots are reserved, too many connections for role orders"


@pytest.fixture
def analyse():
    """Deliver what was published and do the analyses that are due."""

    def run() -> None:
        run_due(RELAY, at=timezone.now())
        run_due(ANALYSIS, at=timezone.now())

    return run


@pytest.fixture
def burst(make_rule, send):
    """Five database errors of one source open an incident."""
    make_rule()
    send(errors(5, source="orders", message=SLOTS, event_type="api_error"))


@pytest.fixture
def analyses(workspace):
    return lambda: list(Analysis.objects.of(workspace.pk).order_by("revision"))


def test_detected_incident_is_analysed_from_its_events(burst, analyse, analyses, workspace):
    analyse()
    [found] = analyses()
    incident = Incident.objects.of(workspace.pk).get()
    assert incident.category == found.category == "database_issue"
    assert (found.revision, found.author, found.event_count) == (1, "offline", 5)
    assert "5 events from orders (5)" in found.summary
    assert found.evidence[0]["line"] == SLOTS
    assert found.evidence[0]["source"] == "orders"
    assert any(one["slug"] == "database_maintenance" for one in found.advice)
    assert len(found.rules_digest) == 64


def test_declared_incident_is_analysed_from_its_text(actor, analyse, analyses):
    declare_incident(actor, title="Disk full on db-1", description="No space left on device")
    declare_incident(actor, title="Checkout is down")
    analyse()
    found = sorted(analyses(), key=lambda one: one.incident_id)  # two threads write them
    assert [one.category for one in found] == ["storage_issue", "unknown"]
    assert "No stored events belong to this incident" in found[0].summary


def test_same_facts_make_no_second_revision(burst, analyse, analyses, workspace):
    analyse()
    refresh_evidence(timezone.now())
    analyse()
    assert len(analyses()) == 1


def test_grown_evidence_adds_a_new_revision_beside_the_old(burst, analyse, analyses, send):
    analyse()
    send(errors(7, source="orders", message=SLOTS))
    refresh_evidence(timezone.now())
    analyse()
    assert [(one.revision, one.event_count) for one in analyses()] == [(1, 5), (2, 12)]


@pytest.mark.parametrize(
    ("event_count", "status", "is_planned"),
    [(9, "open", True), (10, "open", True), (20, "open", False), (24, "open", True), (20, "resolved", True)],
)
def test_large_incident_is_analysed_again_when_its_events_doubled_or_it_is_over(
    burst, analyse, analyses, send, workspace, monkeypatch, event_count, status, is_planned
):
    monkeypatch.setattr(planning, "MANY_EVENTS", 15)
    send(errors(7, source="orders", message=SLOTS))
    analyse()
    [one] = analyses()
    assert one.event_count == 12
    Incident.objects.of(workspace.pk).update(status=status, event_count=event_count)
    assert planning.plan_after_growth(workspace.pk, one.incident_id) == is_planned


def test_stored_analysis_cannot_be_changed(burst, analyse, analyses):
    analyse()
    [found] = analyses()
    found.summary = "Nothing happened."
    with pytest.raises(ProgrammingError), transaction.atomic():
        found.save()


@pytest.mark.django_db(transaction=True)
def test_job_planned_while_it_runs_is_done_again(burst, workspace):
    from core.queue import items
    from detection.analysis.services.planning import plan_analysis

    run_due(RELAY)
    [job] = items.claim(AnalysisJob, 1, 30)
    plan_analysis(workspace.pk, job.incident_id)
    assert not items.settle(job)
    assert run_due(ANALYSIS) == 1
    assert AnalysisJob.objects.of(workspace.pk).get().state == "done"


def test_credentials_in_lines_are_masked(make_rule, send, analyse, analyses):
    make_rule()
    secret = "postgres://app:hunter2secret@db/orders"
    send(errors(5, source="orders", message=f"connection pool exhausted for {secret}"))
    analyse()
    [found] = analyses()
    assert found.category == "database_issue"
    assert "hunter2secret" not in f"{found.summary} {found.evidence}"


def test_analysis_of_another_workspace_is_not_written(burst, analyse, analyses, other_workspace, workspace):
    analyse()
    incident = Incident.objects.of(workspace.pk).get()
    draft = _draft()
    assert record_analysis(other_workspace.pk, incident.pk, draft) is None
    assert not Analysis.objects.of(other_workspace.pk).exists()


def _draft():
    from incidents.analysis.draft import AnalysisDraft
    from incidents.vocabulary import Category, Severity

    return AnalysisDraft(Category.DATA, Severity.SEV1, "because", "words")


def test_page_api_and_export_show_the_analysis(burst, analyse, admin):
    analyse()
    browser = browser_for(admin)
    page = browser.get("/incidents/INC-1").content.decode()
    assert "Suggested severity" in page
    assert "built-in rules" in page
    shown = browser.get("/api/v1/incidents/1").json()
    assert shown["category"] == shown["analysis"]["category"] == "database_issue"
    assert shown["analysis"]["recommended_actions"]
    exported = b"".join(browser.get("/incidents/INC-1/export?format=markdown").streaming_content).decode()
    assert "## Analysis" in exported
    assert "Category: Database" in exported


def test_unknown_is_shown_as_a_result(actor, analyse, admin):
    declare_incident(actor, title="Checkout is down")
    analyse()
    assert (
        "Unknown: events do not indicate a cause" in browser_for(admin).get("/incidents/1").content.decode()
    )


def test_cause_names_first_failing_source_templates_and_changes(
    make_rule, send, analyse, analyses, workspace
):
    from datetime import timedelta

    from detection.models import ChangeEvent
    from incidents.models import Component

    make_rule(group_by="workspace", error_threshold=8)
    database = Component.objects.create(workspace_id=workspace.pk, name="database")
    shop = Component.objects.create(workspace_id=workspace.pk, name="shop")
    shop.depends_on.add(database)
    send(
        errors(5, source="shop", ago=6, message="checkout failed: no order stored", event_type="api_error")
        + errors(4, source="database", over=3, message=SLOTS, event_type="pool_exhausted")
    )
    ChangeEvent.objects.create(
        workspace_id=workspace.pk, key="k", kind="deployment", summary="database 16.4", component="database",
        occurred_at=timezone.now() - timedelta(minutes=9), received_at=timezone.now(),
    )  # fmt: skip
    analyse()
    cause = analyses()[-1].cause
    assert cause["first_failing"]["source"] == "database"
    assert "shop depends on it" in cause["first_failing"]["reason"]
    assert cause["source_distribution"] == {"shop": 5, "database": 4}
    assert (cause["primary_error_type"], cause["primary_source"]) == ("api_error", "shop")
    assert [one["count"] for one in cause["templates"]] == [5, 4]
    assert [one["summary"] for one in cause["changes"]] == ["database 16.4"]


def test_similar_past_incident_is_shown_with_what_resolved_it(burst, send, analyse, admin):
    from incidents.lifecycle.services.resolving import resolve_incident

    analyse()
    resolve_incident(admin, number=1, message="Raised max_connections to 400")
    send(errors(5, source="billing", message=SLOTS))
    analyse()
    browser = browser_for(admin)
    [found] = browser.get("/api/v1/incidents/2").json()["similar_incidents"]
    assert (found["incident"], found["shared_templates"]) == ("INC-1", 1)
    assert found["resolution"] == "Raised max_connections to 400"
    assert "Raised max_connections to 400" in browser.get("/incidents/INC-2").content.decode()


def test_similar_incidents_stay_in_their_workspace(burst, analyse, admin, other_workspace):
    from incidents.analysis.draft import IncidentFeatures
    from incidents.analysis.services import record_features
    from incidents.analysis.similar import similar_incidents

    analyse()
    mine = Incident.objects.of(admin.workspace_id).get()
    record_features(other_workspace.pk, mine.pk, IncidentFeatures((1,), "stolen"))
    assert similar_incidents(admin, mine) == []
    assert mine.essence.shapes != [1]


def test_events_and_analysis_of_a_family_are_read_as_one(make_rule, send, analyse, actor, workspace):
    from detection.evaluation.member_events import EventFilter, distribution_of, member_events
    from incidents.merging.services import merge_incidents

    make_rule()
    send(errors(5, source="orders", message=SLOTS) + errors(6, source="web", message="upstream timed out"))
    web, orders = sorted(Incident.objects.of(workspace.pk), key=lambda one: -one.event_count)
    merge_incidents(actor, number=web.number, into=orders.number)
    assert len(member_events(actor, orders).items) == 11
    assert len(member_events(actor, orders, EventFilter(source="web")).items) == 6
    assert {one.name: one.count for one in distribution_of(actor, orders).sources} == {"orders": 5, "web": 6}
    analyse()
    found = Analysis.objects.of(workspace.pk).filter(incident=orders).latest("revision")
    assert {name for one in found.cause["templates"] for name in one["sources"]} == {"orders", "web"}
