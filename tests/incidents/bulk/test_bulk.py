"""Bulk actions: each incident on its own, idempotent, and undo never reverts another user's change."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import system_actor
from accounts.models import AuditEntry, Membership
from core.errors import Conflict, Forbidden, Invalid, NotFound
from incidents.bulk.models import BulkAction, BulkKind
from incidents.bulk.selectors import UNDO_WITHIN, action_of, may_undo, steps_of
from incidents.bulk.services.actions import MAX_INCIDENTS, Pick, act_on_many, act_on_one
from incidents.bulk.services.undo import undo_action
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity, change_status
from incidents.models import BulkStep, Incident, RoleAssignment, TimelineEntry
from incidents.roles.services import assign_role
from incidents.selectors import incident_for
from incidents.timeline.services.notes import add_note
from tests.incidents.make import NOW
from tests.threads import at_once

FACTS = (
    "status", "stage", "severity", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at",
    "root_cause", "acknowledge_due_at", "update_due_at", "resolve_due_at",
)  # fmt: skip
pytestmark = pytest.mark.django_db


@pytest.fixture
def five(declared):
    return [declared(f"Trouble {n}", severity="sev2") for n in range(1, 6)]


@pytest.fixture
def theo(make_actor):
    return make_actor("responder", username="theo.lind")


def picks(*incidents):
    return [Pick(i.number, i.version) for i in incidents]


def outcomes(action):
    return {step.number: str(step.outcome) for step in steps_of(system_actor(action.workspace_id), action)}


def facts(actor, number):
    incident = incident_for(actor, number)
    return {name: getattr(incident, name) for name in FACTS} | {"commander": incident.commander_username}


def newest(actor, number):
    return (
        TimelineEntry.objects.of(actor.workspace_id).filter(incident__number=number).order_by("-id").first()
    )


def test_each_incident_of_a_mixed_selection_gets_its_own_result(actor, theo, five, other_workspace):
    acknowledge_incident(theo, number=1)
    acknowledge_incident(actor, number=2)
    action = act_on_many(actor, kind="acknowledge", picks=[*picks(*five), Pick(99)])
    assert outcomes(action) == {1: "refused", 2: "same", 3: "done", 4: "done", 5: "done", 99: "refused"}
    why = {step.number: step.why for step in steps_of(system_actor(action.workspace_id), action)}
    assert "acknowledged already by Theo Lind" in why[1]
    assert "no INC-99 in this workspace" in why[99]


def test_selection_at_an_older_version_is_refused_where_it_matters(actor, theo, five):
    change_severity(theo, number=2, severity="sev1")
    for kind, expected in (("acknowledge", "done"), ("assign", "refused"), ("resolve", "refused")):
        action = act_on_many(actor, kind=kind, picks=picks(five[1]), username="theo.lind")
        assert outcomes(action) == {2: expected}, kind
    assert incident_for(actor, 2).commander_username == "rita.responder"  # by acknowledging


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"picks": []}, "picks"),
        ({"picks": [Pick(n + 1) for n in range(MAX_INCIDENTS + 1)]}, "picks"),
        ({"kind": "explode"}, "kind"),
        ({"message": "a\x00b"}, "message"),
    ],
)
def test_body_without_any_valid_part_is_refused(actor, five, given, field):
    with pytest.raises(Invalid) as refused:
        act_on_many(actor, **({"kind": "resolve", "picks": picks(*five)} | given))
    assert refused.value.faults[0].field == field
    assert not BulkAction.objects.of(actor.workspace_id).exists()


def test_unknown_user_is_refused_as_commander(actor, five):
    action = act_on_many(actor, kind="assign", picks=picks(*five), username="nobody.here")
    assert set(outcomes(action).values()) == {"refused"}
    assert RoleAssignment.objects.of(actor.workspace_id).count() == 0


def test_viewer_may_do_nothing_to_many(make_actor, five):
    with pytest.raises(Forbidden):
        act_on_many(make_actor("viewer"), kind="resolve", picks=picks(*five))


def test_same_request_twice_changes_nothing_twice(actor, five):
    wanted = {"kind": "resolve", "picks": picks(*five), "message": "Rolled back"}
    first, second = act_on_many(actor, **wanted), act_on_many(actor, **wanted)
    assert first.pk == second.pk
    assert outcomes(second) == dict.fromkeys(range(1, 6), "done")
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(message="Rolled back")
    assert entries.count() == 5
    assert AuditEntry.objects.of(actor.workspace_id).filter(action="incident.resolve").count() == 5


def test_request_without_versions_acts_again_on_what_changed_since(actor, theo, five):
    wanted = {"kind": "resolve", "picks": [Pick(1), Pick(2)]}
    first = act_on_many(actor, **wanted)
    assert act_on_many(actor, **wanted).pk == first.pk
    reopen_incident(theo, number=1)
    change_severity(theo, number=2, severity="sev1")
    assert outcomes(act_on_many(actor, **wanted)) == {1: "done", 2: "done"}
    assert [incident_for(actor, number).status for number in (1, 2)] == ["resolved", "resolved"]
    undo_action(actor, action_id=first.pk)
    assert incident_for(actor, 1).status == "investigating"
    again = act_on_many(actor, **wanted)
    assert (again.pk, again.undone_at, incident_for(actor, 1).status) == (first.pk, None, "resolved")
    undo_action(actor, action_id=first.pk)
    assert incident_for(actor, 1).status == "investigating"


def test_refused_action_is_retried_on_the_next_request(actor, five, make_actor):
    wanted = {"kind": "assign", "picks": picks(five[0]), "username": "late.comer"}
    assert outcomes(act_on_many(actor, **wanted)) == {1: "refused"}
    make_actor("responder", username="late.comer")
    assert outcomes(act_on_many(actor, **wanted)) == {1: "done"}


HERS_AGAIN = "Assignment undone: Commander: unassigned → Rita Responder."
UNDOABLE = {
    "acknowledge": ({"kind": "acknowledge"}, "Acknowledgement undone"),
    "resolve": ({"kind": "resolve", "message": "Rolled back"}, "Resolution undone: identified again."),
    "assign": (
        {"kind": "assign", "username": "theo.lind"},
        "Assignment undone: Commander: Theo Lind → Rita Responder.",
    ),
    "unassign": ({"kind": "assign", "username": ""}, HERS_AGAIN),
}


@pytest.mark.parametrize("name", UNDOABLE)
def test_undo_restores_the_exact_state_with_a_message(actor, theo, five, name):
    wanted, summary = UNDOABLE[name]
    assign_role(actor, number=1, username="rita.responder")
    if name != "acknowledge":
        change_status(actor, number=1, status="identified")
    before, seen = facts(actor, 1), incident_for(actor, 1)
    action = act_on_many(actor, picks=picks(seen), **wanted)
    assert facts(actor, 1) != before
    add_note(theo, number=1, message="A note is no change.")
    assert undo_action(actor, action_id=action.pk).undone_at is not None
    assert facts(actor, 1) == before
    assert newest(actor, 1).message.startswith(summary)
    assert incident_for(actor, 1).version == seen.version + 2
    assert AuditEntry.objects.of(actor.workspace_id).count() == len(
        TimelineEntry.objects.of(actor.workspace_id)
    )


def test_incident_changed_since_is_not_undone_with_the_others(actor, theo, five):
    action = act_on_many(actor, kind="resolve", picks=picks(*five[:3]))
    reopen_incident(theo, number=2, message="Not over")
    undo_action(actor, action_id=action.pk)
    steps = {
        step.number: (str(step.undo), step.undo_why)
        for step in steps_of(system_actor(action.workspace_id), action)
    }
    assert (steps[1], steps[3]) == (("done", ""), ("done", ""))
    assert steps[2][0] == "refused"
    assert "has changed since" in steps[2][1]
    assert [incident_for(actor, n).status for n in (1, 2, 3)] == ["open", "investigating", "open"]


def test_undo_is_idempotent(actor, five):
    action = act_on_many(actor, kind="resolve", picks=picks(*five))
    undo_action(actor, action_id=action.pk)
    versions = [incident_for(actor, n).version for n in range(1, 6)]
    undo_action(actor, action_id=action.pk)
    assert [incident_for(actor, n).version for n in range(1, 6)] == versions


def test_unchanged_or_refused_incident_has_nothing_to_undo(actor, theo, five):
    acknowledge_incident(actor, number=1)
    acknowledge_incident(theo, number=2)
    action = act_on_many(actor, kind="acknowledge", picks=picks(*five[:2]))
    undo_action(actor, action_id=action.pk)
    assert [incident_for(actor, n).acknowledged_at is None for n in (1, 2)] == [False, False]


def test_undone_resolution_can_be_made_again(actor, five):
    first = act_on_many(actor, kind="resolve", picks=picks(five[0]))
    undo_action(actor, action_id=first.pk)
    second = act_on_many(actor, kind="resolve", picks=picks(incident_for(actor, 1)))
    assert (second.pk != first.pk, outcomes(second)) == (True, {1: "done"})


def test_undo_is_offered_for_a_limited_time(actor, five):
    with time_machine.travel(NOW, tick=False) as clock:
        action = act_on_many(actor, kind="resolve", picks=picks(five[0]))
        BulkAction.objects.of(actor.workspace_id).update(made_at=NOW)
        action.refresh_from_db()
        clock.shift(UNDO_WITHIN)
        assert may_undo(action)
        clock.shift(timedelta(seconds=1))
        assert not may_undo(action)
        with pytest.raises(Conflict, match="10 minutes"):
            undo_action(actor, action_id=action.pk)
    assert incident_for(actor, 1).status == "resolved"


def test_bulk_action_of_another_user_is_neither_seen_nor_undone(
    actor, theo, make_actor, other_workspace, five
):
    action = act_on_many(actor, kind="resolve", picks=picks(five[0]))
    for other in (theo, make_actor("admin"), make_actor("admin", inside=other_workspace)):
        with pytest.raises(NotFound):
            action_of(other, action.pk)
        with pytest.raises(NotFound):
            undo_action(other, action_id=action.pk)


def test_commander_who_left_is_not_made_commander_again(actor, make_actor, theo, five):
    make_actor("responder", username="gone.soon")
    assign_role(actor, number=1, username="gone.soon")
    action = act_on_many(actor, kind="assign", picks=picks(incident_for(actor, 1)), username="theo.lind")
    Membership.objects.of(actor.workspace_id).filter(user__username="gone.soon").delete()
    undo_action(actor, action_id=action.pk)
    [step] = steps_of(actor, action)
    assert (str(step.undo), "member" in step.undo_why) == ("refused", True)
    assert incident_for(actor, 1).commander_username == "theo.lind"


def test_undone_resolution_does_not_open_a_second_incident_of_one_fingerprint(actor, detected, report):
    from tests.incidents.make import signal

    first = detected("checkout")
    action = act_on_many(actor, kind="resolve", picks=picks(first))
    report(signal("checkout"))
    undo_action(actor, action_id=action.pk)
    [step] = steps_of(actor, action)
    assert (str(step.undo), "is open for the same trouble" in step.undo_why) == ("refused", True)
    assert incident_for(actor, first.number).status == "resolved"


def test_old_bulk_actions_are_pruned(actor, five):
    old = act_on_many(actor, kind="acknowledge", picks=picks(five[0]))
    BulkAction.objects.of(actor.workspace_id).update(made_at=NOW - timedelta(days=400))
    act_on_many(actor, kind="acknowledge", picks=picks(five[1]))
    assert not BulkAction.objects.of(actor.workspace_id).filter(pk=old.pk).exists()
    assert BulkStep.objects.of(actor.workspace_id).count() == 1


def test_twice_as_many_incidents_cost_at_most_twice_the_queries(actor, five):
    costs = []
    for lot in (five[:1], five[1:3]):
        with CaptureQueriesContext(connection) as seen:
            act_on_many(actor, kind="resolve", picks=picks(*lot))
        costs.append(len(seen))
    assert costs[1] - costs[0] <= 24


@pytest.mark.django_db(transaction=True)
def test_form_sent_twice_concurrently_is_one_action(actor, five):
    def send(_):
        return act_on_many(actor, kind="resolve", picks=picks(*five)).pk

    assert len(set(at_once(2, send))) == 1
    assert TimelineEntry.objects.of(actor.workspace_id).filter(kind="resolution").count() == 5
    assert {str(s.outcome) for s in BulkStep.objects.of(actor.workspace_id)} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_undoing_in_two_tabs_and_a_resolution_in_a_third_end_in_one_clear_state(actor, theo, five):
    action = act_on_many(actor, kind="resolve", picks=picks(five[0]))

    def one(index):
        return resolve_incident(theo, number=2) if index == 2 else undo_action(actor, action_id=action.pk)

    assert not [response for response in at_once(3, one) if isinstance(response, Exception)]
    timeline = TimelineEntry.objects.of(actor.workspace_id).filter(incident__number=1, data__undone=True)
    assert timeline.count() == 1
    now = Incident.objects.of(actor.workspace_id).get(number=1)
    assert (now.status, now.version) == ("open", five[0].version + 2)


def test_single_action_through_its_own_form_can_be_undone_too(actor, theo, five):
    assign_role(actor, number=1, role="tech_lead", username="rita.responder")

    def hand_over():
        return assign_role(actor, number=1, role="tech_lead", username="theo.lind")

    action = act_on_one(actor, kind=BulkKind.ASSIGN, number=1, run=hand_over, role="tech_lead")
    assert action is not None
    undo_action(actor, action_id=action.pk)
    assert newest(actor, 1).message == "Assignment undone: Tech lead: Theo Lind → Rita Responder."
    assert act_on_one(actor, kind=BulkKind.ASSIGN, number=1, run=lambda: incident_for(actor, 1)) is None
