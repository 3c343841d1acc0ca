"""Roles, notes and updates."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from accounts.models import User
from core.errors import Conflict, Invalid
from incidents.models import Incident, RoleAssignment
from incidents.roles.services import assign_role
from incidents.selectors import roles_of
from incidents.timeline.services.notes import add_note, add_update
from tests.incidents.make import NOW


@pytest.fixture
def dana(make_actor):
    return make_actor("responder", username="dana")


def test_assigning_without_a_role_means_commander(actor, dana, declared, timeline, audited):
    incident = declared()
    assigned = assign_role(actor, number=1, username="Dana")
    assert (assigned.commander_username, assigned.commander_label) == ("dana", "Dana")
    assert timeline(incident)[-1].message == "Commander: unassigned → Dana."
    assert audited()[-1] == "incident.role"


def test_member_may_be_named_by_mail_or_id(actor, dana, declared):
    declared()
    assert assign_role(actor, number=1, username="dana@example.test").commander_username == "dana"
    assert assign_role(actor, number=1, user_id=actor.user_id).commander_username == "rita.responder"


def test_history_of_a_role_is_preserved(actor, dana, declared):
    incident = declared()
    assign_role(actor, number=1, username="dana")
    assign_role(actor, number=1, user_id=actor.user_id)
    assign_role(actor, number=1)
    history = roles_of(actor, incident, history=True)
    assert [a.user.username for a in history] == ["dana", "rita.responder"]
    assert all(a.ended_at for a in history)
    assert roles_of(actor, incident) == []


def test_roles_are_held_side_by_side(actor, dana, declared):
    incident = declared()
    assign_role(actor, number=1, username="dana", role="Tech Lead")
    assign_role(actor, number=1, username="dana", role="comms_lead")
    assert {a.role for a in roles_of(actor, incident)} == {"tech_lead", "comms_lead"}


def test_same_holder_again_changes_nothing(actor, dana, declared, audited):
    declared()
    first = assign_role(actor, number=1, username="dana")
    assert assign_role(dana, number=1, username="dana").version == first.version
    assert audited().count("incident.role") == 1


def test_member_of_another_workspace_cannot_lead(workspace, other_workspace, actor, make_actor, declared):
    declared()
    outsider = make_actor("admin", username="stranger", inside=other_workspace)
    for who in ({"username": "stranger"}, {"user_id": outsider.user_id}):
        with pytest.raises(Invalid, match="must name a member of this workspace"):
            assign_role(actor, number=1, **who)
    assert not RoleAssignment.objects.of(workspace.pk).exists()


def test_stale_assignment_is_refused(actor, dana, declared):
    declared()
    assign_role(actor, number=1, username="dana", version=1)
    with pytest.raises(Conflict):
        assign_role(actor, number=1, user_id=actor.user_id, version=1)


def test_note_is_internal_and_changes_no_version(actor, declared, timeline):
    incident = declared()
    noted = add_note(actor, number=1, message=" Looking at the logs ")
    entry = timeline(incident)[-1]
    assert (entry.kind, entry.message, entry.is_public, noted.version) == (
        "note",
        "Looking at the logs",
        False,
        1,
    )


def test_update_is_public_and_restarts_the_update_clock(actor, declared, timeline):
    with time_machine.travel(NOW, tick=False) as clock:
        incident = declared()
        assert incident.update_due_at == NOW + timedelta(hours=4)
        clock.shift(timedelta(hours=1))
        updated = add_update(actor, number=1, message="We are on it")
    assert updated.update_due_at == NOW + timedelta(hours=5)
    assert timeline(incident)[-1].is_public


def test_update_may_be_internal(actor, declared, timeline):
    incident = declared()
    add_update(actor, number=1, message="For us only", is_public=False)
    assert not timeline(incident)[-1].is_public


def test_same_text_later_or_by_another_actor_is_another_note(actor, dana, declared, timeline):
    incident = declared()
    add_note(actor, number=1, message="Still failing")
    add_note(dana, number=1, message="Still failing")
    add_note(actor, number=1, message="Still failing!")
    assert len(timeline(incident)) == 4


def test_key_lists_are_sorted_by_follows_the_commander_and_their_name(workspace, actor, dana, declared):
    def keys():
        return list(Incident.objects.of(workspace.pk).order_by("id").values_list("commander_key", flat=True))

    declared(), declared()
    assign_role(actor, number=1, username="dana")
    assign_role(actor, number=2, username="dana", role="tech_lead")
    assert keys() == ["dana", ""]
    User.objects.filter(username="dana").update(display_name="Émilie " + "x" * 60)
    assert keys() == ["émilie " + "x" * 25, ""]
    assign_role(actor, number=1, user_id=actor.user_id)
    assert keys()[0].startswith("rita")
    assign_role(actor, number=1)
    assert keys() == ["", ""]
