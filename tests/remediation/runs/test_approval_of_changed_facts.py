"""Each fact that an approval binds, changed in the database: no approval counts any more."""

from __future__ import annotations

import pytest
from django.db import connection

from core.errors import Conflict
from incidents.models import Component, Incident
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.services import change_action
from remediation.runs import digest, snapshot
from remediation.runs.models import RemediationRun
from remediation.runs.services.approving import approve_run
from remediation.runs.services.proposing import Request, request_run

pytestmark = pytest.mark.django_db
SLUG = "rollback_deployment"


def _action(**fields):
    return lambda run, admin, monkeypatch: change_action(admin, SLUG, fields=fields)


def _component(**fields):
    def change(run, admin, monkeypatch):
        Component.objects.of(run.workspace_id).filter(pk=run.component_id).update(**fields)

    return change


def _withdrawn(run, admin, monkeypatch):
    RemediationAction.objects.of(run.workspace_id).filter(slug=SLUG).update(is_enabled=False)


def _gone(run, admin, monkeypatch):
    Component.objects.of(run.workspace_id).filter(pk=run.component_id).delete()


def _drill(run, admin, monkeypatch):
    Incident.objects.of(run.workspace_id).filter(pk=run.incident_id).update(is_drill=True)


def _number(run, admin, monkeypatch):
    Incident.objects.of(run.workspace_id).filter(pk=run.incident_id).update(number=99)


def _policy(run, admin, monkeypatch):
    monkeypatch.setattr(snapshot, "POLICY_VERSION", digest.POLICY_VERSION + 1)


CHANGES = {
    "time limit": _action(timeout_s=61),
    "risk of the action": _action(risk="high"),
    "rollback": _action(rollback="scale_up"),
    "steps": _action(steps=["Do something else"]),
    "executor": _action(executor="manual", config={}),
    "name": _action(name="Roll back"),
    "health check": _action(health_url="https://example.com/health"),
    "cooldown": _action(cooldown_s=9),
    "tier of the target": _component(tier=1),
    "name of the target": _component(name="other"),
    "target is gone": _gone,
    "action is withdrawn": _withdrawn,
    "it became a drill": _drill,
    "number of the incident": _number,
    "policy": _policy,
}


@pytest.fixture
def waiting(incident, make_actor, connect):
    """A run that awaits approval, and a manager who may give it."""
    connect(SLUG)
    return request_run(make_actor("responder"), incident.number, Request(SLUG)), make_actor("manager")


@pytest.mark.parametrize("change", CHANGES)
def test_fact_changed_before_the_approval_voids_the_run(waiting, admin, monkeypatch, change):
    run, manager = waiting
    CHANGES[change](run, admin, monkeypatch)
    with pytest.raises(Conflict, match="void"):
        approve_run(manager, run.pk, digest=run.digest)
    assert RemediationRun.objects.of(run.workspace_id).get(pk=run.pk).state == "void"


@pytest.mark.parametrize("change", CHANGES)
def test_fact_changed_after_the_approval_starts_nothing(waiting, admin, monkeypatch, finish, change):
    run, manager = waiting
    approve_run(manager, run.pk, digest=run.digest)
    CHANGES[change](run, admin, monkeypatch)
    assert finish(run).state == "void"
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from remediation_runattempt")
        assert cursor.fetchone() == (0,)


def test_at_least_twelve_facts_are_changed():
    assert len(CHANGES) >= 12
