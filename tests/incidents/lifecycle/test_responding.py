"""Working an incident: owner, texts, severity, affected components."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, Forbidden, Invalid, NotFound
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services import resolving, responding
from incidents.models import Incident
from incidents.roles import services as role_services
from incidents.timeline.services import notes
from tests.incidents.make import NOW

CALLS = [
    (responding.acknowledge_incident, {}),
    (responding.change_status, {"status": "investigating"}),
    (responding.change_stage, {"stage": "containing"}),
    (responding.change_severity, {"severity": "sev1"}),
    (responding.edit_incident, {"title": "New"}),
    (responding.set_component_impact, {"component": "api"}),
    (role_services.assign_role, {"username": None}),
    (resolving.resolve_incident, {}),
    (notes.add_note, {"message": "x"}),
    (notes.add_update, {"message": "x"}),
]
CHANGES = [call for call in CALLS if call[0] not in (role_services.assign_role,)]
names = pytest.mark.parametrize(("service", "fields"), CALLS, ids=[call[0].__name__ for call in CALLS])
changing = pytest.mark.parametrize(("service", "fields"), CHANGES, ids=[call[0].__name__ for call in CHANGES])


@pytest.fixture
def other(make_actor):
    return make_actor("responder", username="otto.other")


@names
def test_another_workspaces_incident_is_not_found(other_workspace, make_actor, declared, service, fields):
    declared()
    outsider = make_actor("admin", inside=other_workspace)
    with pytest.raises(NotFound, match="no INC-1 in this workspace"):
        service(outsider, number=1, **fields)


@names
def test_another_workspaces_incident_is_not_found_by_id_either(
    other_workspace, make_actor, declared, service, fields
):
    incident, outsider = declared(), make_actor("admin", inside=other_workspace)
    with pytest.raises(NotFound):
        service(outsider, incident_id=incident.pk, **fields)


@names
def test_viewer_may_read_but_not_change(make_actor, declared, audited, service, fields):
    declared()
    with pytest.raises(Forbidden):
        service(make_actor("viewer"), number=1, **fields)
    assert audited() == ["incident.declare"]


@changing
def test_every_change_leaves_one_entry_one_audit_row_and_one_event(
    actor, declared, timeline, audited, published_topics, service, fields
):
    incident = declared()
    service(actor, number="inc_00001", **fields)
    assert (len(timeline(incident)), len(audited())) == (2, 2)
    assert len(set(published_topics())) == len(published_topics()) >= 2


@changing
def test_change_repeated_by_the_same_actor_is_one_change(
    actor, declared, timeline, audited, published_topics, service, fields
):
    incident = declared()
    first, topics = service(actor, number=1, **fields), published_topics()
    again = service(actor, number=1, **fields)
    assert first.version == again.version
    assert (len(timeline(incident)), len(audited()), published_topics()) == (2, 2, topics)


@pytest.mark.parametrize(
    ("service", "fields"),
    [call for call in CHANGES if call[0] not in (notes.add_note, notes.add_update)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_stale_version_is_refused_with_the_present_state(actor, declared, audited, service, fields):
    declared()
    responding.edit_incident(actor, number=1, impact="Everybody")
    with pytest.raises(Conflict, match="version 2, you sent 1") as refused:
        service(actor, number=1, version=1, **fields)
    assert refused.value.extra["current"]["version"] == 2
    assert audited() == ["incident.declare", "incident.edit"]


def test_current_version_is_accepted(actor, declared):
    incident = responding.edit_incident(actor, number=1, impact="Everybody", version=declared().version)
    assert responding.acknowledge_incident(actor, number=1, version=incident.version).version == 3


def test_acknowledging_records_who_and_moves_to_investigating(actor, declared, timeline):
    with time_machine.travel(NOW, tick=False) as clock:
        declared()
        clock.shift(timedelta(minutes=4))
        incident = responding.acknowledge_incident(actor, number=1, note="On it")
    assert (incident.status, incident.mtta) == ("investigating", 240.0)
    assert (incident.acknowledged_label, incident.commander_username) == ("Rita Responder", "rita.responder")
    entry = timeline(incident)[-1]
    assert (entry.kind, entry.message, entry.author_label) == ("acknowledged", "On it", "Rita Responder")


def test_second_to_acknowledge_gets_the_name_of_the_first(actor, other, declared, audited):
    declared()
    responding.acknowledge_incident(actor, number=1)
    with pytest.raises(Conflict, match="INC-1 is acknowledged already by Rita Responder at") as refused:
        responding.acknowledge_incident(other, number=1)
    assert refused.value.extra["by"] == "Rita Responder"
    assert refused.value.extra["current"]["acknowledged_at"]
    assert audited() == ["incident.declare", "incident.acknowledge"]


def test_status_change_past_open_counts_as_acknowledgement(actor, other, declared):
    declared()
    incident = responding.change_status(actor, number=1, status="identified")
    assert incident.acknowledged_at
    assert responding.acknowledge_incident(actor, number=1).version == incident.version
    with pytest.raises(Conflict, match="by Rita Responder"):
        responding.acknowledge_incident(other, number=1)


def _robot(workspace, number, label="robot"):
    scopes = frozenset({"incidents:write"})
    return Actor(workspace.pk, "token", label, token_id=number, scopes=scopes)


def test_two_tokens_are_two_actors_and_one_token_is_one(workspace, declared):
    declared()
    ci, bot = _robot(workspace, 1), _robot(workspace, 2)
    resolving.resolve_incident(ci, number=1)
    assert resolving.resolve_incident(ci, number=1).version == 2
    with pytest.raises(Conflict, match="by robot"):
        resolving.resolve_incident(bot, number=1)


def test_acknowledgement_by_machine_changes_neither_clock_nor_commander(workspace, actor, declared, timeline):
    incident = declared()
    taken = responding.acknowledge_incident(_robot(workspace, 1, "Grafana"), number=1)
    assert (taken.acknowledged_at, taken.acknowledged_label) == (None, "Grafana")
    assert (taken.status, taken.commander_username) == ("open", None)
    assert responding.acknowledge_incident(_robot(workspace, 2), number=1).version == taken.version
    assert timeline(incident)[-1].data["by_machine"] is True
    owned = responding.acknowledge_incident(actor, number=1)
    assert (owned.acknowledged_label, owned.commander_username) == ("Rita Responder", "rita.responder")


def test_status_change_by_machine_is_no_acknowledgement_by_a_person(workspace, actor, declared):
    declared()
    moved = responding.change_status(_robot(workspace, 1, "Grafana"), number=1, status="monitoring")
    assert (moved.status, moved.acknowledged_at, moved.acknowledged_label) == ("monitoring", None, "Grafana")
    assert responding.acknowledge_incident(actor, number=1).acknowledged_label == "Rita Responder"


def test_acknowledging_does_not_replace_the_commander(actor, other, declared):
    declared()
    role_services.assign_role(other, number=1, username="otto.other")
    incident = responding.acknowledge_incident(actor, number=1)
    assert (incident.acknowledged_label, incident.commander_username) == ("Rita Responder", "otto.other")


def test_resolving_ends_stages_and_restores_components(actor, declared, workspace):
    from incidents.models import AffectedComponent

    def restored():
        rows = AffectedComponent.objects.of(workspace.pk).order_by("component__name")
        return {name: at is not None for name, at in rows.values_list("component__name", "restored_at")}

    declared(components=["api", "db"])
    done = resolving.resolve_incident(actor, number=1, message="Rolled back", keep_affected=["db"])
    assert (done.stage, restored()) == ("done", {"api": True, "db": False})
    back = resolving.reopen_incident(actor, number=1)
    assert (back.stage, restored()) == ("investigation", {"api": False, "db": False})
    resolving.resolve_incident(actor, number=1, restores=False)
    assert restored() == {"api": False, "db": False}


def test_resolving_without_text_is_recorded_as_such(actor, declared, timeline):
    from incidents.selectors import resolution_text

    incident = resolving.resolve_incident(actor, number=declared().number)
    assert timeline(incident)[-1].message.endswith("without a resolution text.")
    assert resolution_text(actor, incident) == ""


def test_status_change_has_a_message_public_or_not(actor, declared, timeline):
    incident = declared()
    responding.change_status(actor, number=1, status="identified", message="A bad deploy", is_public=True)
    responding.change_status(actor, number=1, status="mitigated", message="Rolled back")
    assert [(e.kind, e.message, e.is_public) for e in timeline(incident)[1:]] == [
        ("status_change", "A bad deploy", True),
        ("mitigation", "Rolled back", False),
    ]


def test_impossible_move_names_what_is_possible(actor, declared, audited):
    declared()
    with pytest.raises(Invalid, match="closed cannot follow open") as refused:
        responding.change_status(actor, number=1, status="closed")
    assert refused.value.faults[0].field == "status"
    assert refused.value.extra["allowed"] == ["investigating", "identified", "monitoring", "resolved"]
    assert audited() == ["incident.declare"]


def test_asking_for_open_while_open_changes_nothing(actor, declared):
    declared()
    assert responding.change_status(actor, number=1, status="detected").version == 1


def test_stage_word_given_as_status_moves_the_stage(actor, declared, timeline, audited):
    incident = declared()
    changed = responding.change_status(actor, number=1, status="containing", message="Fencing it in")
    assert (changed.status, changed.stage) == ("open", "containment")
    assert (timeline(incident)[-1].kind, audited()[-1]) == ("stage_change", "incident.stage")


@pytest.mark.parametrize(
    ("service", "fields", "field"),
    [
        (responding.change_status, {"status": "broken"}, "status"),
        (responding.change_status, {"status": "resolved", "message": "a\x00"}, "message"),
        (responding.change_stage, {"stage": "open"}, "stage"),
        (responding.change_severity, {"severity": "sev0"}, "severity"),
        (responding.acknowledge_incident, {"note": "\x00"}, "note"),
        (responding.edit_incident, {"title": " "}, "title"),
        (responding.edit_incident, {"impact": "\ud800"}, "impact"),
        (responding.edit_incident, {"labels": {"": ""}}, "labels"),
        (responding.set_component_impact, {"component": "\x00"}, "component"),
        (responding.set_component_impact, {"component": "api", "impact": "huge"}, "impact"),
        (resolving.resolve_incident, {"root_cause": "\x00"}, "root_cause"),
        (notes.add_note, {"message": " "}, "message"),
        (role_services.assign_role, {"username": "nobody"}, "username"),
        (role_services.assign_role, {"username": ""}, "username"),
        (role_services.assign_role, {"role": "king", "user_id": 1}, "role"),
        (responding.acknowledge_incident, {"number": "abc"}, "incident"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_written(actor, declared, audited, service, fields, field):
    declared()
    with pytest.raises(Invalid) as refused:
        service(actor, **{"number": 1, **fields})
    assert refused.value.faults[0].field == field
    assert audited() == ["incident.declare"]


@time_machine.travel(NOW, tick=False)
def test_new_severity_moves_the_deadlines_from_detection(actor, declared):
    declared()
    incident = responding.change_severity(actor, number=1, severity="critical")
    assert incident.severity == "sev1"
    assert incident.acknowledge_due_at == NOW + timedelta(minutes=15)
    assert incident.resolve_due_at == NOW + timedelta(hours=4)


def test_audit_row_has_before_and_after(workspace, actor, declared):
    declared()
    responding.change_severity(actor, number=1, severity="sev2")
    entry = AuditEntry.objects.of(workspace.pk).latest("id")
    assert entry.changes["severity"] == ["sev3", "sev2"]
    assert (entry.user_id, entry.object_type) == (actor.user_id, "incident")


def test_edit_names_what_changed_and_leaves_the_rest(actor, declared, timeline):
    incident = declared(labels={"project": "web"})
    edited = responding.edit_incident(actor, number=1, title="Checkout slow", impact="Carts time out")
    assert (edited.title, edited.impact, edited.labels) == (
        "Checkout slow",
        "Carts time out",
        {"project": "web"},
    )
    assert timeline(incident)[-1].message == "Title: “Checkout is down” → “Checkout slow”. Impact added."


def test_labels_are_replaced_as_a_whole(actor, declared):
    declared(labels={"project": "web"})
    assert responding.edit_incident(actor, number=1, labels={"team": "a"}).labels == {"team": "a"}


def test_component_impact_worsens_and_is_removed(actor, declared, audited):
    declared(components=["api"])
    responding.set_component_impact(actor, number=1, component="db", impact="Total outage")
    assert responding.set_component_impact(actor, number=1, component="api").component_names == ["api", "db"]
    incident = responding.remove_component(actor, number=1, component="db")
    assert incident.component_names == ["api"]
    assert audited()[1:] == ["incident.component"] * 2
    with pytest.raises(NotFound, match="INC-1 does not list db"):
        responding.remove_component(actor, number=1, component="db")


def test_incident_must_be_named_in_one_way(actor, declared):
    incident = declared()
    with pytest.raises(TypeError):
        responding.acknowledge_incident(actor)
    with pytest.raises(TypeError):
        responding.acknowledge_incident(actor, number=1, incident_id=incident.pk)


def test_numbers_are_per_workspace(workspace, other_workspace, make_actor, declared):
    declared("Ours")
    foreign_actor = make_actor("responder", inside=other_workspace)
    declare_incident(foreign_actor, title="Theirs")
    responding.edit_incident(foreign_actor, number=1, title="Still theirs")
    assert Incident.objects.of(workspace.pk).get().title == "Ours"
