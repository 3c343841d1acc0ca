"""Members: invited, promoted, removed; never without an admin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import AuditEntry, Membership, User
from accounts.people.services.invitations import invite_member
from accounts.people.services.members import change_role, remove_member
from core.errors import Conflict, Forbidden, NotFound


@pytest.mark.parametrize("role", ["viewer", "responder", "manager"])
def test_only_admins_change_who_belongs(make_actor, role):
    actor = make_actor(role, username="somebody")
    with pytest.raises(Forbidden):
        invite_member(actor, email="a@example.test")
    with pytest.raises(Forbidden):
        change_role(actor, username="somebody", role="admin")
    with pytest.raises(Forbidden):
        remove_member(actor, username="somebody")


def test_role_changes_with_one_audit_row_and_the_same_again_with_none(workspace, admin, make_actor):
    make_actor("viewer", username="vera")
    for _ in range(2):
        assert change_role(admin, username="Vera", role="manager").role == "manager"
    entry = AuditEntry.objects.of(workspace.pk).get()
    assert entry.changes == {"role": ["viewer", "manager"]}


def test_last_admin_can_neither_step_down_nor_leave(admin):
    with pytest.raises(Conflict):
        change_role(admin, username="adam.admin", role="viewer")
    with pytest.raises(Conflict):
        remove_member(admin, username="adam.admin")


def test_admin_of_another_workspace_does_not_count(admin, make_actor, other_workspace):
    make_actor("admin", inside=other_workspace)
    with pytest.raises(Conflict):
        remove_member(admin, username="adam.admin")


def test_members_of_other_workspaces_are_not_there(admin, make_actor, other_workspace):
    make_actor("viewer", username="stranger", inside=other_workspace)
    with pytest.raises(NotFound):
        change_role(admin, username="stranger", role="admin")
    with pytest.raises(NotFound):
        remove_member(admin, username="stranger")


def test_removing_ends_the_membership_but_not_the_account(workspace, admin, make_actor):
    make_actor("viewer", username="vera")
    remove_member(admin, username="vera")
    assert not Membership.objects.of(workspace.pk).filter(user__username="vera").exists()
    assert User.objects.filter(username="vera").exists()


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one(make_actor, workspace):
    first, second = make_actor("admin", username="anna"), make_actor("admin", username="otto")

    def remove(pair):
        try:
            remove_member(pair[0], username=pair[1])
        except Conflict:
            return "refused"
        finally:
            connection.close()
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(remove, [(first, "otto"), (second, "anna")]))
    assert sorted(outcomes) == ["refused", "removed"]
    assert Membership.objects.of(workspace.pk).filter(role="admin").count() == 1
