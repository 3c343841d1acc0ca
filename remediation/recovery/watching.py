"""Runs recovery watches: health checks, exit criteria and automatic resolution."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models.functions import Now
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import Conflict, Invalid
from core.http.client import HttpPassingError, HttpPermanentError, request
from core.queue.items import reschedule, settle
from core.queue.models import WorkItem
from incidents.lifecycle.services.responding import change_stage
from incidents.models import Incident
from incidents.recovery.criteria import CriteriaResults
from incidents.recovery.services import evaluate_recovery, resolve_recovered
from incidents.selectors import incident_by_id
from incidents.vocabulary import Stage
from remediation.catalogue.definitions import scenario_for
from remediation.recovery.models import HealthProbe, RecoveryWatch
from remediation.recovery.services.planning import plan_probes
from remediation.recovery.services.policies import policy_of
from remediation.runs.models import RemediationRun
from remediation.vocabulary import CARRIED_OUT, LIVE, WAITING

CHECK_EVERY: Final = timedelta(seconds=5)
SLOWER_AFTER: Final = timedelta(minutes=30)
CHECK_LATER: Final = timedelta(seconds=60)
# Stages that may be ended automatically after an action. Investigations are ended by people.
_BEFORE_RECOVERY: Final = (Stage.ASSESSMENT, Stage.CONTAINMENT, Stage.REMEDIATION)


def watch_recovery(watch: RecoveryWatch) -> None:
    """Evaluate the exit criteria of an incident; resolve it if allowed, else check again later."""
    incident = incident_by_id(watch.workspace_id, watch.incident_id)
    if watch.enters and incident.is_unresolved and incident.stage in _BEFORE_RECOVERY:
        incident = _enter(incident)
    if not incident.is_unresolved or incident.stage != Stage.RECOVERY:
        settle(watch)
        return
    plan_probes(watch.workspace_id, incident.pk, watch.since)
    policy = policy_of(watch.workspace_id)
    window = timedelta(seconds=policy.recovery_window_s)
    recovery = evaluate_recovery(incident, since=watch.since, now=timezone.now(), window=window)
    if incident.severity in policy.auto_resolve and _resolve(incident, recovery):
        settle(watch)
        return
    is_old = timezone.now() - watch.since > SLOWER_AFTER
    reschedule(watch, Now() + (CHECK_LATER if is_old else CHECK_EVERY))


def _enter(incident: Incident) -> Incident:
    message = "An action was carried out; watching whether it helped."
    actor = system_actor(incident.workspace_id)
    try:
        return change_stage(actor, stage=Stage.RECOVERY, incident_id=incident.pk, message=message)
    except (Conflict, Invalid):  # a person was faster
        return incident_by_id(incident.workspace_id, incident.pk)


def _resolve(incident: Incident, recovery: CriteriaResults) -> bool:
    """Resolve it if recovery was observed, no run is open and its type allows it. Returns whether it did."""
    if not recovery.is_recovered or scenario_for(incident.incident_type).hands_off:
        return False
    runs = RemediationRun.objects.of(incident.workspace_id).filter(incident=incident)
    if runs.filter(state__in=[*LIVE, *WAITING]).exists():
        return False
    by_run = runs.filter(state__in=CARRIED_OUT).exists()
    return resolve_recovered(incident.workspace_id, incident.pk, recovery, by_run=by_run)


def probe_health(probe: HealthProbe) -> None:
    """Run a component's health check, and plan the next one while its incident is watched."""
    watches = RecoveryWatch.objects.of(probe.workspace_id).filter(incident_id=probe.incident_id)
    if not probe.component.health_url or not watches.filter(state=WorkItem.State.PENDING).exists():
        settle(probe)
        return
    failure = _failure(probe.component.health_url)
    passes = 0 if failure else probe.passes + 1
    reschedule(probe, Now() + CHECK_EVERY, passes=passes, failure=failure, checked_at=timezone.now())


def _failure(url: str) -> str:
    """Why the check failed, or ""."""
    try:
        request("GET", url, max_redirects=2, cuts_body=True)
    except (HttpPassingError, HttpPermanentError) as error:
        return f"HTTP {error.status}" if error.status else str(error)[:300]
    return ""
