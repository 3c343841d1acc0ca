"""Runs of drills: checklists only, except in a workspace for drills; the database enforces it, too."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from core.errors import Conflict
from incidents.correlation.services.opening import declare_incident
from incidents.models import IncidentCounter
from remediation.runs.models import RemediationRun
from remediation.runs.services.proposing import Request, propose_automatic, request_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def drill(actor):
    """The incident of a drill."""
    given = {"incident_type": "service_down", "components": ["practice"], "is_drill": True}
    return declare_incident(actor, title="Practice", **given)


def test_drill_runs_checklists_and_nothing_that_acts(actor, connect, drill):
    assert request_run(actor, drill.number, Request("scale_up")).is_drill
    connect("restart_service")
    with pytest.raises(Conflict, match="is a drill"):
        request_run(actor, drill.number, Request("restart_service"))
    assert propose_automatic(drill.workspace_id, drill.pk) == []


def test_workspace_for_drills_runs_what_is_connected(actor, connect, drill, finish):
    IncidentCounter.objects.filter(workspace_id=drill.workspace_id).update(opens_drills=True)
    connect("restart_service")
    run = finish(request_run(actor, drill.number, Request("restart_service")))
    assert (run.state, run.is_drill) == ("unverified", True)


@pytest.mark.parametrize("is_drill", [True, False], ids=["drill", "not marked"])
def test_database_refuses_a_drill_run_on_a_real_target(actor, connect, drill, incident, is_drill):
    connect("restart_service")
    real = request_run(actor, incident.number, Request("restart_service"))
    copy = RemediationRun.objects.of(drill.workspace_id).get(pk=real.pk)
    copy.pk, copy.incident, copy.origin_key, copy.is_drill = None, drill, "other", is_drill
    copy.state = "cancelled"
    with pytest.raises(DatabaseError, match="a run of a drill may not"), transaction.atomic():
        copy.save(force_insert=True)
