"""Invitations: accepted by the invited person only; an account created by someone else reveals nothing."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import AuditEntry, Invitation, InvitationMail, Membership, User
from accounts.people.services.invitations import accept_invitation, invite_member, withdraw_invitation
from accounts.people.services.profile import update_profile
from accounts.sign_in.services import mint_sign_in_link, spend_sign_in_link
from accounts.tokens.credentials import digest
from accounts.tokens.services import issue_token
from core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unauthenticated
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db
PASSWORD = "twelve blue lanterns"


@pytest.fixture
def api(workspace, admin):
    token = issue_token(system_actor(workspace.pk), name="Admin", scopes=["admin"]).text
    return ApiClient(token)


@pytest.fixture
def rival(make_actor, other_workspace):
    """An admin of another workspace."""
    return make_actor("admin", username="rival.admin", inside=other_workspace)


def accept(secret: str, user: User | None = None) -> Membership:
    return accept_invitation(secret=secret, user=user, now=timezone.now())


def hijacker(rival) -> tuple[Client, User]:
    """An admin's own browser, signed in to the account of an address he invited, with his password."""
    secret = invite_member(rival, email="victim@example.test").secret
    browser = Client()
    assert browser.post(f"/sign-in/invitation/{secret}")["Location"] == "/account/password"
    assert browser.post("/account/password", {"password": PASSWORD}).status_code == 302
    assert browser.get("/settings/profile").status_code == 200
    return browser, User.objects.get(email="victim@example.test")


def test_invited_person_is_a_member_only_after_accepting(workspace, admin):
    invited = invite_member(admin, email="New.One@Example.test", role="manager", display_name="New One")
    assert not User.objects.filter(email="new.one@example.test").exists()
    membership = accept(invited.secret)
    user = membership.user
    assert (membership.workspace_id, membership.role) == (workspace.pk, "manager")
    assert (user.username, user.email, user.label) == ("new.one", "new.one@example.test", "New One")
    assert not user.has_usable_password()
    assert not user.is_proven
    entries = AuditEntry.objects.of(workspace.pk).order_by("id").values_list("action", flat=True)
    assert list(entries) == ["invitation.create", "member.join"]


def test_link_accepts_once(admin):
    secret = invite_member(admin, email="a@example.test").secret
    accept(secret)
    with pytest.raises(Gone):
        accept(secret)


def sign_in(name: str) -> tuple[Client, bool]:
    """A browser that entered the password, and whether it was right."""
    browser = Client()
    return browser, browser.post("/sign-in", {"login": name, "password": PASSWORD}).status_code == 302


def test_hijacked_account_loses_password_and_sessions_when_its_person_accepts(admin, rival, workspace):
    browser, held = hijacker(rival)
    person, _ = sign_in("victim@example.test")
    Authenticator.objects.create(user=held, type=Authenticator.Type.WEBAUTHN, data={})
    link = mint_sign_in_link(held, now=timezone.now())
    secret = invite_member(admin, email="Victim@example.test").secret
    assert "other sessions are" in person.get(f"/sign-in/invitation/{secret}").content.decode()
    assert person.post(f"/sign-in/invitation/{secret}")["Location"] == "/account/password"
    assert held.memberships.filter(workspace_id=workspace.pk).exists()
    assert person.get("/settings/profile").status_code == 200
    assert browser.get("/settings/profile").status_code == 303
    assert not sign_in("victim@example.test")[1]
    assert spend_sign_in_link(secret=link, now=timezone.now()) is None
    assert not Authenticator.objects.filter(user=held).exists()


def test_mailed_link_proves_the_address_of_the_signed_in_account_and_ends_its_other_sessions(admin, rival):
    browser, held = hijacker(rival)
    person, _ = sign_in("victim@example.test")
    invited = invite_member(admin, email="victim@example.test")
    InvitationMail.objects.create(
        workspace_id=admin.workspace_id, invitation=invited.invitation, digest=digest("mailed")
    )
    assert person.post("/sign-in/invitation/mailed")["Location"] == "/account/password"
    held.refresh_from_db()
    assert held.is_proven
    assert [one.get("/settings/profile").status_code for one in (person, browser)] == [200, 303]


def test_invitation_by_another_workspace_signs_no_one_out(rival, workspace, make_user):
    member = make_user("maya", email="maya@example.test", password=PASSWORD)
    Membership.objects.create(workspace_id=workspace.pk, user=member, role="responder")
    browser, _ = sign_in("maya")
    for _ in range(2):
        invite_member(rival, email="maya@example.test")
    assert browser.get("/settings/profile").status_code == 200
    assert sign_in("maya")[1]
    assert not AuditEntry.objects.of(workspace.pk).filter(action="account.reset").exists()


def test_hijacker_is_not_in_the_workspace_that_invited_the_person(workspace, admin, rival, other_workspace):
    _, held = hijacker(rival)
    secret = invite_member(admin, email="victim@example.test").secret
    membership = accept(secret)
    assert membership.user_id != held.pk
    assert membership.user.email == "victim@example.test"
    held.refresh_from_db()
    assert held.email != "victim@example.test"
    assert list(held.memberships.values_list("workspace_id", flat=True)) == [other_workspace.pk]
    assert list(membership.user.memberships.values_list("workspace_id", flat=True)) == [workspace.pk]


def test_reset_is_audited_without_naming_the_other_workspace(workspace, admin, rival, other_workspace):
    _, held = hijacker(rival)
    accept(invite_member(admin, email="victim@example.test").secret, held)
    entry = AuditEntry.objects.of(other_workspace.pk).get(action="account.reset")
    assert workspace.name not in entry.summary
    assert admin.label not in entry.summary


def test_verified_account_accepts_signed_in_with_its_password_unchanged(admin, make_user, workspace):
    user = make_user("known", email="known@example.test", password=PASSWORD)
    User.objects.filter(pk=user.pk).update(address_proven_at=timezone.now())
    user.refresh_from_db()
    secret = invite_member(admin, email="known@example.test").secret
    with pytest.raises(Unauthenticated):
        accept(secret)
    browser = Client()
    browser.force_login(user)
    assert browser.post(f"/sign-in/invitation/{secret}")["Location"] == "/"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.memberships.get().workspace_id == workspace.pk


def test_unsigned_person_with_a_proven_account_is_sent_to_the_sign_in(admin, make_user):
    user = make_user("known", email="known@example.test", password=PASSWORD)
    User.objects.filter(pk=user.pk).update(address_proven_at=timezone.now())
    secret = invite_member(admin, email="known@example.test").secret
    response = Client().post(f"/sign-in/invitation/{secret}")
    assert response.status_code in {302, 303}
    assert response["Location"].startswith("/sign-in?next=")
    assert not user.memberships.exists()


def test_changing_the_address_ends_the_proof(admin):
    User.objects.filter(pk=admin.user_id).update(address_proven_at=timezone.now())
    fields = {"display_name": "", "time_zone": "UTC", "theme": "system", "keyboard_shortcuts": True}
    assert not update_profile(admin, email="someone.else@example.test", **fields).is_proven


def test_person_signed_in_under_another_address_cannot_accept(admin, make_user):
    secret = invite_member(admin, email="a@example.test").secret
    browser = Client()
    browser.force_login(make_user("other"))
    assert browser.post(f"/sign-in/invitation/{secret}").status_code == 409
    assert Invitation.objects.of(admin.workspace_id).get().accepted_at is None


def test_invitation_response_is_equal_for_known_and_unknown_addresses(api, make_user):
    make_user("known", email="known@example.test", display_name="Known Person")
    known = api.post("/members", {"email": "known@example.test"})
    unknown = api.post("/members", {"email": "unknown@example.test"})
    assert known.status_code == unknown.status_code == 201
    assert set(known.json()) == set(unknown.json())
    assert "Known Person" not in known.content.decode()


def test_user_name_of_another_workspace_is_not_revealed(admin, rival):
    membership = accept(invite_member(admin, email="a@example.test", username="rival.admin").secret)
    assert membership.user.username == "rival.admin2"


def test_invitation_replaces_the_open_one_of_the_same_address(admin):
    first = invite_member(admin, email="a@example.test").secret
    second = invite_member(admin, email="a@example.test").secret
    with pytest.raises(Gone):
        accept(first)
    accept(second)
    with pytest.raises(Conflict):
        invite_member(admin, email="a@example.test")


def test_expired_and_withdrawn_invitations_are_gone(admin):
    invited = invite_member(admin, email="a@example.test")
    Invitation.objects.of(admin.workspace_id).update(expires_at=timezone.now())
    with pytest.raises(Gone):
        accept(invited.secret)
    other = invite_member(admin, email="b@example.test")
    withdraw_invitation(admin, invitation_id=other.invitation.pk)
    assert Client().get(f"/sign-in/invitation/{other.secret}").status_code == 410


def test_invitations_of_other_workspaces_are_not_found(admin, rival):
    invited = invite_member(rival, email="a@example.test")
    with pytest.raises(NotFound):
        withdraw_invitation(admin, invitation_id=invited.invitation.pk)


@pytest.mark.parametrize("role", ["viewer", "responder", "manager"])
def test_only_admins_invite(make_actor, role):
    with pytest.raises(Forbidden):
        invite_member(make_actor(role, username="somebody"), email="a@example.test")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"email": "no"}, "email"),
        ({"email": "a@example.test", "role": "owner"}, "role"),
        ({"email": "a@example.test", "username": "a b"}, "username"),
        ({"email": "a@example.test", "username": "adam.admin"}, "username"),
        ({"email": "a@example.test", "display_name": "a\nb"}, "display_name"),
    ],
)
def test_wrong_field_of_an_invitation_is_named(admin, fields, named):
    with pytest.raises(Invalid) as refusal:
        invite_member(admin, **fields)
    assert [fault.field for fault in refusal.value.faults] == [named]


def test_workspace_is_created_on_the_page_and_worked_in(make_user):
    user = make_user("nowhere")
    browser = Client()
    browser.force_login(user)
    assert "not a member of any workspace" in browser.get("/account/workspaces").content.decode()
    response = browser.post("/account/workspaces", {"name": "Night Shift", "slug": "", "time_zone": "UTC"})
    assert (response.status_code, response["Location"]) == (303, "/setup")
    membership = user.memberships.select_related("workspace").get()
    assert (membership.workspace.slug, membership.role) == ("night-shift", "admin")
    assert browser.get("/rules").status_code == 200
    assert browser.post("/account/workspaces", {"name": "", "time_zone": "UTC"}).status_code == 422


def test_workspace_is_created_and_switched_to_over_the_api(make_user, workspace):
    user = make_user("dana")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="viewer")
    browser = Client()
    browser.force_login(user)
    made = browser.post("/api/v1/workspaces", {"name": "Acme"}, content_type="application/json")
    assert (made.status_code, made.json()["slug"]) == (201, "acme-2")
    assert browser.get("/api/v1/me").json()["workspace"]["slug"] == "acme"
    chosen = browser.post("/api/v1/workspaces/acme-2/select", content_type="application/json")
    assert chosen.status_code == 200
    me = browser.get("/api/v1/me").json()
    assert (me["workspace"]["slug"], me["role"]) == ("acme-2", "admin")
    assert browser.post("/api/v1/workspaces/rival/select").status_code == 404


def test_token_creates_no_workspace(api):
    assert api.post("/workspaces", {"name": "Mine"}).status_code == 403


def test_invitation_page_names_the_workspace_and_no_account(admin, make_user):
    make_user("known", email="known@example.test", display_name="Known Person")
    text = {}
    for address in ("known@example.test", "other@example.test"):
        secret = invite_member(admin, email=address).secret
        page = Client().get(f"/sign-in/invitation/{secret}").content.decode()
        text[address] = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).replace(address, "")
    assert text["known@example.test"] == text["other@example.test"]
