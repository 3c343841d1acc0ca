"""Exit criteria from data, automatic resolution, false positives: events through to the resolved incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import Conflict, Invalid
from core.queue.runner import run_due as run_queue
from core.queues import RELAY
from detection.heartbeats.models import Heartbeat
from detection.heartbeats.services.beating import record_beat
from detection.heartbeats.services.heartbeats import HeartbeatValues, create_heartbeat
from detection.sources.services.sources import create_source
from incidents.analytics.selectors import analytics_for
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity, change_stage
from incidents.listing.filters import parse_filter
from incidents.merging.services import merge_incidents
from incidents.models import AutoResolution, Component, CriterionResult, Incident, TimelineEntry
from incidents.recovery.criteria import CRITERIA
from incidents.recovery.services import clear_verdict, set_verdict
from remediation.queues import ACTIONS, RECOVERY
from remediation.recovery.models import HealthProbe, RecoveryWatch
from remediation.recovery.services.policies import change_policy
from remediation.runs.models import RemediationRun
from remediation.runs.services.proposing import propose_automatic, propose_rollback
from tests.detection.webhooks.senders import Sender, burning, group
from tests.fakes.receiver import Receiver, Reply, running
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(make_actor):
    """A responder of the workspace."""
    return make_actor("responder")


@pytest.fixture
def recovering(incident, responder, admin):
    """A detected incident of sev3 in recovery, watched with a window of 10 seconds."""
    change_policy(admin, {"recovery_window_s": 10})
    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(severity="sev3")
    change_stage(responder, number=incident.number, stage="recovery", message="fixed")
    relay()
    return Incident.objects.of(incident.workspace_id).get(pk=incident.pk)


def verdicts(incident):
    """Criterion -> its verdict, of those that are measured."""
    rows = CriterionResult.objects.of(incident.workspace_id).filter(incident=incident, is_measured=True)
    return dict(rows.values_list("criterion", "verdict"))


def watched_for(incident, seconds):
    """As if the watch of the incident had begun so long ago, and is due."""
    since = timezone.now() - timedelta(seconds=seconds)
    watch = RecoveryWatch.objects.of(incident.workspace_id).filter(incident=incident)
    watch.update(since=since, due_at=since)
    HealthProbe.objects.of(incident.workspace_id).update(since=since, due_at=since)


def relay():
    """Deliver the facts that are waiting."""
    run_queue(RELAY, at=timezone.now())


def check(incident):
    """Everything of the recovery that is due, now."""
    RecoveryWatch.objects.of(incident.workspace_id).update(due_at=timezone.now())
    HealthProbe.objects.of(incident.workspace_id).update(due_at=timezone.now())
    run_queue(RECOVERY, at=timezone.now())


def status(incident):
    """Its status as stored."""
    return Incident.objects.of(incident.workspace_id).get(pk=incident.pk).status


def test_every_criterion_of_the_standard_checklist_is_registered():
    from incidents.stages.standard import STANDARD
    from incidents.vocabulary import Stage

    wanted = {item.criterion for item in STANDARD[Stage.RECOVERY].items if item.criterion}
    assert wanted <= set(CRITERIA.names())


def test_silence_is_not_health(recovering):
    watched_for(recovering, 60)
    check(recovering)
    assert status(recovering) == "open"
    found = verdicts(recovering)
    assert found["no_matching_events"] == "pass"
    assert "success_seen" not in found


def test_success_after_a_whole_window_resolves(recovering, ingest):
    ingest([{"source": "checkout", "level": "info", "event_type": "ok", "message": "served"}])
    watched_for(recovering, 5)
    check(recovering)
    assert status(recovering) == "open"
    watched_for(recovering, 60)
    check(recovering)
    assert status(recovering) == "resolved"
    assert "Success seen from checkout" in AutoResolution.objects.of(recovering.workspace_id).get().signs


def test_errors_above_one_percent_hold_the_incident_open(recovering, ingest):
    good = [{"source": "checkout", "level": "info", "message": f"served {n}"} for n in range(30)]
    ingest([*good, {"source": "checkout", "level": "error", "message": "failed"}])
    watched_for(recovering, 60)
    check(recovering)
    assert verdicts(recovering)["error_rate"] == "fail"
    assert status(recovering) == "open"


def test_severity_without_automatic_resolution_stays_open(recovering, responder, ingest):
    change_severity(responder, number=recovering.number, severity="sev2")
    ingest([{"source": "checkout", "level": "info", "message": "served"}])
    watched_for(recovering, 60)
    check(recovering)
    assert status(recovering) == "open"


@pytest.mark.parametrize("kind", ["security_breach", "data_corruption"])
def test_breach_and_corruption_are_never_resolved_automatically(recovering, ingest, kind):
    Incident.objects.of(recovering.workspace_id).filter(pk=recovering.pk).update(incident_type=kind)
    ingest([{"source": "checkout", "level": "info", "message": "served"}])
    watched_for(recovering, 60)
    check(recovering)
    assert status(recovering) == "open"


def test_health_checks_three_in_a_row_are_a_positive_sign(recovering, loopback):
    with running(Receiver(lambda received: Reply(status=200))) as health:
        Component.objects.of(recovering.workspace_id).filter(name="checkout").update(health_url=health.url)
        watched_for(recovering, 60)
        check(recovering)
        while len(health.received) < 3:
            assert status(recovering) == "open"
            check(recovering)
        check(recovering)
    assert status(recovering) == "resolved"


def test_failing_health_check_holds_the_incident_open(recovering, loopback):
    with running(Receiver(lambda received: Reply(status=503))) as health:
        Component.objects.of(recovering.workspace_id).filter(name="checkout").update(health_url=health.url)
        watched_for(recovering, 60)
        while not health.received:
            check(recovering)
        check(recovering)
    assert verdicts(recovering)["health_checks"] == "fail"
    assert status(recovering) == "open"


def test_heartbeat_of_the_component_decides(recovering, workspace):
    made = create_heartbeat(system_actor(workspace.pk), HeartbeatValues("sync", 60, 10, component="checkout"))
    Heartbeat.objects.of(workspace.pk).filter(pk=made.pk).update(status="down")
    watched_for(recovering, 60)
    check(recovering)
    assert (verdicts(recovering)["heartbeat_ok"], status(recovering)) == ("fail", "open")
    record_beat(workspace.pk, made.pk, now=timezone.now())
    watched_for(recovering, 60)
    check(recovering)
    assert (verdicts(recovering)["heartbeat_ok"], status(recovering)) == ("pass", "resolved")


def test_firing_alert_of_a_merged_incident_holds_the_incident_open(recovering, workspace, responder):
    sender = Sender(*create_source(system_actor(workspace.pk), kind="alertmanager", name="Prod"))
    for state in ("firing", "resolved"):
        sender.post(group({**burning("a"), "status": state, "endsAt": timezone.now().isoformat()}))
        if state == "firing":
            merge_incidents(responder, number=sender.incidents()[-1].number, into=recovering.number)
            watched_for(recovering, 60)
            check(recovering)
            assert (verdicts(recovering)["success_seen"], status(recovering)) == ("fail", "open")
    assert status(recovering) == "resolved"


def test_new_incident_nearby_holds_the_incident_open(recovering, workspace):
    from django.db import transaction

    from incidents.correlation.services.opening import report_signals
    from tests.incidents.make import fingerprint, signal

    other = signal("other", components=("checkout",), fingerprint=fingerprint("other"))
    watched_for(recovering, 60)
    with transaction.atomic():
        report_signals(workspace.pk, [other], now=timezone.now())
    check(recovering)
    assert verdicts(recovering)["no_new_incidents"] == "fail"


def test_run_moves_to_recovery_and_its_end_starts_the_window(incident, connect, finish):
    connect("scale_up")
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    assert Incident.objects.of(incident.workspace_id).get(pk=incident.pk).stage == "containment"
    assert finish(run).state == "unverified"
    relay()
    check(incident)
    incident.refresh_from_db()
    assert incident.stage == "recovery"
    watch = RecoveryWatch.objects.of(incident.workspace_id).get()
    ended = RemediationRun.objects.of(incident.workspace_id).get(pk=run.pk).ended_at
    assert abs(watch.since - ended) < timedelta(seconds=5)


def test_resolved_after_its_own_action_counts_as_automatic(
    incident, responder, admin, connect, finish, ingest
):
    change_policy(admin, {"recovery_window_s": 10})
    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(
        severity="sev3", detected_at=timezone.now()
    )
    connect("scale_up")
    finish(propose_automatic(incident.workspace_id, incident.pk)[0])
    acknowledge_incident(responder, number=incident.number)
    relay()
    check(incident)
    ingest([{"source": "checkout", "level": "info", "message": "served"}])
    watched_for(incident, 60)
    check(incident)
    assert status(incident) == "resolved"
    assert AutoResolution.objects.of(incident.workspace_id).get().by_action
    rates = analytics_for(responder, parse_filter({})).rates
    assert (rates.auto_resolved.count, rates.auto_resolved.of, rates.auto_resolved.percent) == (1, 1, 100.0)


@pytest.mark.parametrize(
    ("severity", "states"),
    [
        ("sev1", {"scale_up": "approved", "rollback_deployment": "awaiting_approval"}),
        ("sev3", {"scale_up": "approved"}),
    ],
)
def test_risky_actions_are_proposed_at_sev1_only(incident, connect, severity, states):
    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(severity=severity)
    connect("scale_up")
    connect("rollback_deployment")
    made = propose_automatic(incident.workspace_id, incident.pk)
    assert {run.action.slug: run.state for run in made} == states


def test_severity_that_may_not_start_is_proposed(incident, admin, connect):
    change_policy(admin, {"auto_start": ["sev4"]})
    connect("scale_up")
    assert [run.state for run in propose_automatic(incident.workspace_id, incident.pk)] == ["proposed"]


def test_rollback_of_a_run_that_did_not_help_is_proposed_once(incident, responder, connect, loopback, finish):
    from remediation.runs.services.proposing import Request, request_run

    with running(Receiver(lambda received: Reply(status=500))) as health:
        connect("scale_up", health_url=health.url, rollback="clear_cache")
        connect("clear_cache")
        run = request_run(responder, incident.number, Request("scale_up"))
        from remediation.runs.services.running import run_due

        for _ in range(200):
            run_due()
            runs = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
            state = runs.get().state
            past = "2000-01-01T00:00:00Z"
            runs.update(lease_until=past, **({"verify_until": past} if state == "verifying" else {}))
            if state == "failed":
                break
    assert runs.get().state == "failed"
    run_queue(ACTIONS, at=timezone.now())
    [made] = RemediationRun.objects.of(run.workspace_id).filter(rollback_of=run)
    assert (made.action.slug, made.state) == ("clear_cache", "approved")
    assert propose_rollback(run.workspace_id, run.pk) == made


def test_cyclic_rollback_is_refused_with_the_way(admin, connect):
    connect("scale_up", rollback="clear_cache")
    with pytest.raises(Invalid) as refused:
        connect("clear_cache", rollback="scale_up")
    assert "clear_cache → scale_up → clear_cache" in refused.value.faults[0].message


def test_false_positive_is_marked_counted_and_taken_back(incident, responder):
    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(detected_at=timezone.now())
    with pytest.raises(Invalid, match="reason"):
        set_verdict(responder, number=incident.number, verdict="false_positive")
    for _ in range(2):
        set_verdict(responder, number=incident.number, verdict="false_positive", reason="maintenance")
    rate = analytics_for(responder, parse_filter({})).rates.false_positives
    assert (rate.count, rate.of) == (1, 1)
    clear_verdict(responder, number=incident.number)
    assert analytics_for(responder, parse_filter({})).rates.false_positives.percent is None
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="change")
    assert [entry.message for entry in entries.order_by("id")][-2:] == [
        "Verdict: false positive: planned maintenance.", "Verdict withdrawn.",
    ]  # fmt: skip


def test_declared_incident_is_not_evaluated(incident, responder):
    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(source="declared")
    with pytest.raises(Conflict, match="declared by a person"):
        set_verdict(responder, number=incident.number, verdict="real")


def test_panel_shows_criteria_and_offers_the_verdict(recovering, responder):
    from incidents.lifecycle.services.resolving import resolve_incident

    check(recovering)
    client = browser_for(responder)
    page = client.get(f"/panels/incident.recovery?key={recovering.number}").content.decode()
    assert "No more matching events" in page
    assert "Not measured" in page
    resolve_incident(responder, number=recovering.number)
    assert "Mark as false positive" in client.get(f"/incidents/INC-{recovering.number}").content.decode()
    posted = {"verdict": "false_positive", "reason": "test_traffic", "version": ""}
    assert client.post(f"/incidents/INC-{recovering.number}/verdict", posted).status_code == 303


def test_policy_page_saves_and_preserves_invalid_input(admin):
    client = browser_for(admin)
    posted = {"auto_start": ["sev3", "sev4"], "auto_resolve": ["sev4"], "recovery_window_s": "60"}
    assert client.post("/remediation/policy", posted).status_code == 303
    page = client.get("/remediation/policy").content.decode()
    assert 'value="60"' in page
    assert client.post("/remediation/policy", posted | {"recovery_window_s": "1"}).status_code == 422


def test_metrics_hold_opening_to_analysis_and_first_action(incident, connect, finish):
    from detection.queues import ANALYSIS
    from remediation.runs.metrics import _remediation

    Incident.objects.of(incident.workspace_id).filter(pk=incident.pk).update(created_at=timezone.now())
    connect("scale_up")
    relay()
    run_queue(ANALYSIS, at=timezone.now())
    finish(propose_automatic(incident.workspace_id, incident.pk)[0])
    families = {family.name: family.samples for family in _remediation()}
    for name in ("analysis", "first_action"):
        assert families[f"tocsin_opening_to_{name}_count"][0].value == 1
        samples = families[f"tocsin_opening_to_{name}_seconds"]
        assert [one.labels["quantile"] for one in samples] == ["0.5", "0.95"]
        assert all(0 <= one.value < 600 for one in samples)


def test_health_check_of_a_private_address_is_refused(recovering):
    with running(Receiver(lambda received: Reply(status=200))) as health:
        Component.objects.of(recovering.workspace_id).filter(name="checkout").update(health_url=health.url)
        watched_for(recovering, 60)
        for _ in range(4):
            check(recovering)
    assert health.received == []
    assert (verdicts(recovering)["health_checks"], status(recovering)) == ("fail", "open")
