"""Which workspace a page is about."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from accounts.models import Membership, Role, User
from accounts.selectors import membership_of
from accounts.sign_in.page_authentication import choose_workspace, current_actor
from accounts.workspaces.services import create_bare_workspace
from core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(make_user):
    user = make_user("dana")

    def make():
        request = RequestFactory().get("/")
        request.user, request.session = user, SessionStore()
        return request

    make.user = user
    return make


def join(user: User, workspace, role: str = "viewer") -> None:
    Membership.objects.create(workspace_id=workspace.pk, user=user, role=role)


def test_first_workspace_is_chosen_until_another_is(visit, workspace, other_workspace):
    join(visit.user, workspace), join(visit.user, other_workspace, "admin")
    assert current_actor(visit()).workspace_id == workspace.pk
    request = visit()
    choose_workspace(request, "rival")
    actor = current_actor(request)
    assert (actor.workspace_id, actor.role) == (other_workspace.pk, Role.ADMIN)


def test_workspace_of_others_cannot_be_chosen(visit, workspace, other_workspace):
    join(visit.user, workspace)
    with pytest.raises(NotFound):
        choose_workspace(visit(), "rival")


def test_choice_ends_with_the_membership(visit, workspace, other_workspace):
    join(visit.user, workspace), join(visit.user, other_workspace)
    chosen, later = visit(), visit()
    choose_workspace(chosen, "rival")
    Membership.objects.of(other_workspace.pk).delete()
    later.session = chosen.session
    assert current_actor(later).workspace_id == workspace.pk


def test_user_without_a_membership_gets_an_explanation(visit):
    with pytest.raises(Forbidden):
        current_actor(visit())


def test_anonymous_user_gets_an_explanation(visit):
    from django.contrib.auth.models import AnonymousUser

    request = visit()
    request.user = AnonymousUser()
    with pytest.raises(Unauthenticated):
        current_actor(request)


def test_asking_twice_costs_one_query(visit, workspace, django_assert_num_queries):
    join(visit.user, workspace)
    request = visit()
    request.session.get("x")
    with django_assert_num_queries(1):
        current_actor(request), current_actor(request)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"slug": "UPPER"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "acme"}, "slug"),
        ({"name": ""}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_wrong_field_of_a_new_workspace_is_named(workspace, fields, named):
    with pytest.raises(Invalid) as refusal:
        create_bare_workspace(**({"slug": "new", "name": "New"} | fields))
    assert [fault.field for fault in refusal.value.faults] == [named]


def test_caller_that_names_a_workspace_is_recorded_by_name(actor, workspace):
    user = User.objects.get(pk=actor.user_id)
    for named in ({"slug": workspace.slug}, {"workspace_id": workspace.pk}, {}):
        assert membership_of(user, **named).user is user
    response = browser_for(actor).get("/api/v1/me", headers={"X-Workspace": workspace.slug})
    assert response.json()["label"] == actor.label != ""
