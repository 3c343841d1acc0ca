"""The breaker as a state machine: random outcomes, trials and claims against a model of its table."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Conflict
from incidents.models import Component
from remediation.catalogue.services import change_action, ensure_catalogue
from remediation.runs.models import Breaker, RemediationRun, RunAttempt
from remediation.runs.services import running
from remediation.runs.services.proposing import Request, propose_automatic, request_run
from remediation.runs.services.settling import half_open, report_outcome

pytestmark = pytest.mark.django_db
KEYS = itertools.count()
ACTS = st.lists(
    st.sampled_from(["good run", "bad run", "automatic good", "automatic bad", "trial"]), max_size=9
)
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Model:
    """What the breaker must be: closed → open at three bad of five; one trial → closed or open."""

    def __init__(self) -> None:
        self.state, self.recent = "closed", []

    def ended(self, *, well, is_trial):
        """A run ended."""
        self.recent = [well, *self.recent][:5]
        if is_trial and self.state == "half_open":
            self.state = "closed" if well else "open"
        elif self.state == "closed" and self.recent.count(False) >= 3:
            self.state = "open"


@pytest.fixture
def scenario(incident, actor, admin):
    """An action that a person carries out, so that the test chooses each outcome; automatic runs of it."""
    ensure_catalogue(incident.workspace_id)
    change_action(admin, "scale_up", fields={"cooldown_s": 0})
    Component.objects.create(workspace_id=incident.workspace_id, name="other")
    return SimpleNamespace(incident=incident, actor=actor, admin=admin)


def _state(scenario):
    return (
        Breaker.objects.of(scenario.incident.workspace_id).values_list("state", flat=True).first() or "closed"
    )


def _run_of(scenario, *, is_automatic, component=""):
    """An approved run, as a person requests it or as Tocsin would."""
    wanted = Request("scale_up", component=component, request_key=f"{next(KEYS)}")
    made = request_run(scenario.actor, scenario.incident.number, wanted)
    rows = RemediationRun.objects.of(made.workspace_id).filter(pk=made.pk)
    rows.update(is_automatic=is_automatic)
    return rows.get()


def _carry_out(scenario, run, *, well):
    claimed = running.claim(run.workspace_id, run.pk)
    if claimed is None:
        RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(state="cancelled")
        return False
    RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(state="running")
    report_outcome(scenario.actor, run.pk, outcome="succeeded" if well else "failed")
    return True


@QUICK
@given(acts=ACTS)
def test_breaker_follows_its_table_in_any_order_of_outcomes(scenario, acts):
    point, model = transaction.savepoint(), Model()
    for act in acts:
        if act == "trial":
            if model.state == "open":
                half_open(scenario.admin, "scale_up")
                model.state = "half_open"
            else:
                with pytest.raises(Conflict):
                    half_open(scenario.admin, "scale_up")
        else:
            is_automatic, well = act.startswith("automatic"), act.endswith(("good", "good run"))
            may_start = not is_automatic or model.state != "open"
            run = _run_of(scenario, is_automatic=is_automatic)
            is_trial = is_automatic and model.state == "half_open"
            assert _carry_out(scenario, run, well=well) is may_start, (act, model.state)
            if may_start:
                model.ended(well=well, is_trial=is_trial)
        assert _state(scenario) == model.state, acts
    attempts = RunAttempt.objects.of(scenario.incident.workspace_id)
    assert attempts.count() == len(set(attempts.values_list("run_id", flat=True)))
    transaction.savepoint_rollback(point)


def test_half_open_breaker_lets_exactly_one_automatic_run_through(scenario):
    made = Breaker.objects.create(workspace_id=scenario.incident.workspace_id, action_slug="scale_up")
    for state in ("open", "half_open"):
        Breaker.objects.of(made.workspace_id).filter(pk=made.pk).update(state=state)
    first, second = (_run_of(scenario, is_automatic=True, component=one) for one in ("checkout", "other"))
    assert running.claim(first.workspace_id, first.pk) is not None
    assert running.claim(second.workspace_id, second.pk) is None
    assert propose_automatic(scenario.incident.workspace_id, scenario.incident.pk) == []
