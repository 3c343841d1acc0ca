"""Stages: checklists copied on entering, ticks, skipping with a reason, the output of the assessment."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Invalid, NotFound
from incidents.lifecycle.services import resolving, responding
from incidents.selectors import incident_for
from incidents.stages.models import ChecklistItem
from incidents.stages.selectors import stages_of
from incidents.stages.services.checklists import change_template, tick_item
from incidents.stages.standard import STANDARD, Item
from incidents.vocabulary import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages(actor):
    return lambda number=1: {one["stage"]: one for one in stages_of(actor, incident_for(actor, number))}


def test_standard_templates_have_the_planned_minutes_and_counts():
    kinds = {
        stage.value: [sum(i.kind == kind for i in plan.items) for kind in ("action", "check", "exit")]
        for stage, plan in STANDARD.items()
    }
    assert kinds == {
        "assessment": [5, 0, 0], "containment": [5, 0, 0], "investigation": [6, 7, 0],
        "remediation": [5, 0, 0], "recovery": [5, 5, 4], "done": [0, 0, 0],
    }  # fmt: skip
    minutes = [(plan.from_minutes, plan.to_minutes) for plan in STANDARD.values()]
    assert minutes[:5] == [(0, 5), (0, 15), (5, 30), (15, 60), (5, 15)]


def test_entering_a_stage_copies_its_checklist(actor, declared, stages):
    declared()
    responding.change_stage(actor, number=1, stage="containment")
    change_template(actor_of(actor), stage="containment", items=[Item("Something else")], to_minutes=9)
    assert [item["text"] for item in stages()["containment"]["items"]] == [
        item.text for item in STANDARD[Stage.CONTAINMENT].items
    ]
    assert stages()["containment"]["entered_at"] == stages()["assessment"]["left_at"]


def actor_of(actor):
    """The same person with the rights of an admin."""
    import dataclasses

    from accounts.models import Role

    return dataclasses.replace(actor, role=Role.ADMIN)


def test_template_of_a_type_goes_before_that_of_every_type(actor, declared, stages):
    admin = actor_of(actor)
    change_template(admin, stage="containment", items=[Item("For all")], to_minutes=9)
    change_template(admin, stage="containment", incident_type="deadlock", items=[Item("For deadlocks")])
    declared()
    declared("Locks", incident_type="deadlock")
    assert [stages(n)["containment"]["items"][0]["text"] for n in (1, 2)] == ["For all", "For deadlocks"]


def test_ticking_records_the_user_and_is_idempotent(actor, declared, stages, timeline):
    incident = declared()
    for _ in range(2):
        tick_item(actor, number=1, stage="assessing", position=2)
    item = stages()["assessment"]["items"][1]
    assert (item["ticked_by"], item["ticked_at"] is not None) == ("Rita Responder", True)
    assert [e.message for e in timeline(incident)[1:]] == ["Assessment: done: Identify affected components"]
    tick_item(actor, number=1, stage="assessing", position=2, ticked=False)
    assert stages()["assessment"]["items"][1]["ticked_at"] is None


def test_ticking_an_unknown_item_is_not_found(actor, declared):
    declared()
    with pytest.raises(NotFound, match="no item 99"):
        tick_item(actor, number=1, stage="assessment", position=99)


def test_skipping_a_stage_needs_a_reason(actor, declared, stages):
    declared()
    with pytest.raises(Invalid) as refused:
        responding.change_stage(actor, number=1, stage="investigation")
    assert refused.value.faults[0].field == "message"
    responding.change_stage(actor, number=1, stage="investigation", message="Nothing to contain")
    assert stages()["containment"]["skip_reason"] == "Nothing to contain"
    assert stages()["investigation"]["is_current"]


def test_assessment_output_has_the_documented_shape(actor, declared, stages, workspace):
    from incidents.evidence.services import record_evidence
    from incidents.models import IncidentEvidence

    incident = declared()
    found = {"database_connection_error": 15, "timeout_error": 3}
    record_evidence(
        workspace.pk,
        [
            IncidentEvidence(
                incident_id=incident.pk, event_count=18, primary_type="database_connection_error",
                primary_source="database", error_distribution=found,
                source_distribution={"database": 15, "api": 3},
            )
        ],
    )  # fmt: skip
    output = stages()["assessment"]["output"]
    assert (output["status"], output["root_cause"]) == (
        "assessing",
        {
            "primary_error_type": "database_connection_error",
            "primary_source": "database",
            "error_distribution": found,
            "source_distribution": {"database": 15, "api": 3},
        },
    )


def test_resolving_enters_done_and_reopening_investigation(actor, declared, stages):
    declared()
    resolving.resolve_incident(actor, number=1)
    assert stages()["done"]["entered_at"] is not None
    resolving.reopen_incident(actor, number=1)
    assert stages()["investigation"]["is_current"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"from_minutes": 5, "to_minutes": 1}, "to_minutes"),
        ({"items": [Item("x")] * 51}, "items"),
        ({"items": [Item("")]}, "items[0].text"),
        ({"items": [Item("x", "dance")]}, "items"),
    ],
)
def test_template_that_breaks_a_rule_is_refused(actor, given, field):
    with pytest.raises(Invalid) as refused:
        change_template(actor_of(actor), stage="recovery", **given)
    assert refused.value.faults[0].field == field


def test_responder_may_not_change_templates(actor):
    with pytest.raises(Forbidden):
        change_template(actor, stage="recovery", items=[])
    assert not ChecklistItem.objects.of(actor.workspace_id).exists()
