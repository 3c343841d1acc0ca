"""Profile, members, tokens and the workspace through their pages, as a browser without JavaScript."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.actor import system_actor
from accounts.models import ApiToken, AuditEntry, Membership, Session, User
from accounts.tokens.authentication import authenticate_token
from accounts.tokens.services import issue_token, rotate_token
from accounts.workspaces.services import update_workspace
from core.errors import Conflict
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
PROFILE = {
    "display_name": "Adam Admin", "email": "adam.admin@example.test", "time_zone": "UTC", "theme": "system",
    "keyboard_shortcuts": "on",
}  # fmt: skip


@pytest.fixture
def browser(admin):
    return browser_for(admin)


def actions(workspace):
    return list(AuditEntry.objects.of(workspace.pk).order_by("id").values_list("action", flat=True))


def me(admin):
    return User.objects.get(pk=admin.user_id)


def test_profile_is_saved_with_one_audit_row_and_none_when_nothing_changed(browser, admin, workspace):
    changed = PROFILE | {"time_zone": "Europe/Berlin", "theme": "dark"}
    for _ in range(2):
        assert browser.post("/settings/profile", changed).status_code == 303
    assert (me(admin).time_zone, me(admin).theme) == ("Europe/Berlin", "dark")
    assert actions(workspace) == ["profile.update"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "nonsense", "Must be an email address."),
        ("email", "rita@example.test", "Belongs to someone else."),
        ("email", "", "This field is required."),
        ("time_zone", "Mars/Base", "Select a valid choice."),
        ("theme", "neon", "Select a valid choice."),
        ("display_name", "x" * 121, "at most 120 characters"),
        ("display_name", "two\nlines", "without control characters"),
    ],
)
def test_bad_profile_is_refused_beside_its_field_with_the_input_preserved(
    browser, admin, make_user, field, value, message
):
    make_user("rita")
    response = browser.post("/settings/profile", PROFILE | {"display_name": "Kept"} | {field: value})
    assert response.status_code == 422
    assert message in response.content.decode()
    assert me(admin).email == "adam.admin@example.test"


def test_theme_zone_and_keys_are_attributes_of_every_page(browser):
    browser.post(
        "/settings/profile", {**PROFILE, "theme": "dark", "time_zone": "Asia/Tokyo", "keyboard_shortcuts": ""}
    )
    for path in ("/", "/incidents", "/settings/profile", "/nowhere"):
        html = re.search(r"<html[^>]*>", browser.get(path).content.decode())[0]
        assert 'data-theme="dark"' in html
        assert 'data-keys="off"' in html
        assert 'data-zone="Asia/Tokyo"' in html


def test_system_theme_sets_no_theme_on_the_page(browser):
    assert "data-theme" not in browser.get("/").content.decode()


def test_every_sign_in_is_listed_and_can_be_ended_alone_or_all_but_this_one(browser, admin, workspace):
    others = [
        browser_for(admin, headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}) for _ in "ab"
    ]
    rows = Session.objects.filter(user_id=admin.user_id)
    assert rows.count() == 3
    page = browser.get("/settings/profile").content.decode()
    assert page.count("/end") == 2 + 1
    assert others[0].session.session_key not in page
    one = rows.get(pk=others[0].session.session_key)
    assert browser.post(f"/settings/profile/sessions/{one.public_id}/end").status_code == 303
    assert browser.post(f"/settings/profile/sessions/{one.public_id}/end").status_code == 404
    assert browser.post("/settings/profile/sessions/end").status_code == 303
    assert [other.get("/").status_code for other in others] == [303, 303]
    assert browser.get("/").status_code == 200
    assert actions(workspace) == ["sign_in.end", "sign_in.end"]


def test_session_of_another_user_cannot_be_ended(browser, actor):
    other_browser = browser_for(actor)
    public_id = Session.objects.get(user_id=actor.user_id).public_id
    assert browser.post(f"/settings/profile/sessions/{public_id}/end").status_code == 404
    assert other_browser.get("/").status_code == 200


def test_password_sign_in_is_audited_and_remembers_the_browser(workspace, make_user):
    user = make_user("dana", password="a long enough one")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="viewer")
    client = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537"})
    client.post("/sign-in", {"login": "dana", "password": "a long enough one"})
    assert actions(workspace) == ["sign_in.password"]
    assert Session.objects.get(user=user).browser == "Chrome on Windows"


def test_workspace_is_renamed_and_a_stale_form_is_refused_with_its_input_preserved(browser, admin, workspace):
    form = {"name": "Acme Pay", "time_zone": "Europe/Berlin", "was_name": "Acme", "was_time_zone": "UTC"}
    assert browser.post("/settings/workspace", form).status_code == 303
    response = browser.post("/settings/workspace", form | {"name": "Mine"})
    assert response.status_code == 409
    text = response.content.decode()
    assert 'value="Mine"' in text
    assert 'name="was_name" value="Acme Pay"' in text
    assert browser.post("/settings/workspace", {"name": "", "time_zone": "UTC"}).status_code == 422
    assert actions(workspace) == ["workspace.update"]
    with pytest.raises(Conflict):
        update_workspace(admin, name="x", time_zone="UTC", expected={"name": "Acme", "time_zone": "UTC"})


def invite(browser, **fields):
    return browser.post("/settings/members/new", {"email": "new@example.test", "role": "viewer"} | fields)


def test_invitation_link_is_shown_once_and_works_once(browser, workspace):
    response = invite(browser)
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    path = re.search(r"/sign-in/invitation/[\w-]+", response.content.decode())[0]
    assert path not in browser.get("/settings/members").content.decode()
    assert Client().get(path).status_code == 200
    assert Client().post(path).status_code == 302
    assert Client().post(path).status_code == 410
    assert actions(workspace) == ["invitation.create", "member.join"]


def test_invitation_of_an_address_with_an_account_looks_like_any_other(browser, make_user):
    make_user("known", email="known@example.test", display_name="Known Person")
    response = invite(browser, email="Known@example.test")
    assert response.status_code == 201
    assert "Known Person" not in response.content.decode()


def test_invitation_is_renewed_and_withdrawn_on_the_page(browser, workspace):
    first = re.search(r"/sign-in/invitation/[\w-]+", invite(browser).content.decode())[0]
    number = workspace.invitations.get().pk
    second = browser.post(f"/settings/invitations/{number}/renew")
    assert second.status_code == 201
    assert Client().post(first).status_code == 410
    link = re.search(r"/sign-in/invitation/[\w-]+", second.content.decode())[0]
    newest = workspace.invitations.order_by("-pk")[0].pk
    assert browser.post(f"/settings/invitations/{newest}/withdraw").status_code == 303
    assert Client().post(link).status_code == 410
    assert browser.post(f"/settings/invitations/{newest}/withdraw").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"email": "x"}, {"role": "emperor"}, {"username": "no spaces"}, {"email": ""}, {"username": "ada\0m"}],
)
def test_bad_invitation_is_refused_and_creates_no_account(browser, fields):
    assert invite(browser, **fields).status_code == 422
    assert (
        Membership.objects.of(1).exists() is False
        or not User.objects.filter(email="new@example.test").exists()
    )


def test_link_is_renewed_only_for_users_without_a_password(browser, make_actor, make_user, workspace):
    fresh = make_user("fresh")
    fresh.set_unusable_password()
    fresh.save()
    Membership.objects.create(workspace_id=workspace.pk, user=fresh, role="viewer")
    assert browser.post("/settings/members/fresh/link").status_code == 201
    user = make_user("settled", password="a long enough one")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="viewer")
    assert browser.post("/settings/members/settled/link").status_code == 409


def test_roles_change_once_and_a_stale_choice_is_refused(browser, actor, workspace):
    url = "/settings/members/rita.responder/role"
    assert browser.post(url, {"role": "manager", "was": "responder"}).status_code == 303
    assert browser.post(url, {"role": "viewer", "was": "responder"}).status_code == 409
    assert browser.post(url, {"role": "emperor", "was": "manager"}).status_code == 422
    assert Membership.objects.of(workspace.pk).get(user_id=actor.user_id).role == "manager"
    assert actions(workspace) == ["member.role"]


def test_all_roles_are_saved_at_once_and_only_what_changed(browser, actor, workspace):
    page = browser.get("/settings/members").content.decode()
    assert page.count('action="/settings/members/roles"') == 1
    given = {"role.rita.responder": "manager", "was.rita.responder": "responder"}
    same = {"role.adam.admin": "admin", "was.adam.admin": "admin"}
    assert browser.post("/settings/members/roles", given | same).status_code == 303
    assert Membership.objects.of(workspace.pk).get(user_id=actor.user_id).role == "manager"
    assert actions(workspace) == ["member.role"]
    last = {"role.adam.admin": "viewer", "was.adam.admin": "admin"}
    assert browser.post("/settings/members/roles", last).status_code == 409


def test_deactivated_person_is_signed_out_and_returns_when_reactivated(browser, actor, workspace):
    other_browser = browser_for(actor)
    assert browser.post("/settings/members/rita.responder/deactivate").status_code == 303
    assert other_browser.get("/").status_code == 303
    assert browser.post("/settings/members/rita.responder/reactivate").status_code == 303
    assert browser_for(actor).get("/").status_code == 200
    assert actions(workspace) == ["member.deactivate", "member.reactivate"]


def test_deactivating_oneself_the_last_admin_or_a_foreign_member_is_refused(
    browser, actor, make_actor, workspace, other_workspace
):
    Membership.objects.create(workspace_id=other_workspace.pk, user_id=actor.user_id, role="viewer")
    for name in ("rita.responder", "adam.admin"):
        assert browser.post(f"/settings/members/{name}/deactivate").status_code == 409
    assert browser.post("/settings/members/adam.admin/remove").status_code == 409
    assert browser.post("/settings/members/adam.admin/role", {"role": "viewer"}).status_code == 409
    assert User.objects.filter(is_active=False).count() == 0


def test_deactivated_admin_does_not_count_as_the_other_admin(browser, make_actor):
    make_actor("admin", username="second.admin")
    assert browser.post("/settings/members/second.admin/deactivate").status_code == 303
    assert browser.post("/settings/members/adam.admin/remove").status_code == 409


def test_removed_member_and_unknown_verb_or_name_are_404(browser, actor, workspace):
    assert browser.post("/settings/members/rita.responder/remove").status_code == 303
    assert browser.post("/settings/members/rita.responder/remove").status_code == 404
    assert browser.post("/settings/members/adam.admin/crown").status_code == 404


def token_in(response):
    return re.search(r"tcs_[a-z0-9]{8}_[A-Za-z0-9]{40}", response.content.decode())


def test_token_is_shown_once_and_the_same_form_sent_twice_issues_one(browser, workspace):
    form = {"name": "billing", "scopes": ["events:write"], "request_key": "k1"}
    response = browser.post("/settings/tokens/new", form)
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    assert authenticate_token(token_in(response)[0]).label == "billing"
    assert browser.post("/settings/tokens/new", form).status_code == 303
    assert token_in(browser.get("/settings/tokens")) is None
    assert ApiToken.objects.of(workspace.pk).count() == 1
    assert actions(workspace) == ["token.issue"]


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "x" * 121}, {"scopes": []}, {"scopes": ["root"]}, {"expires_at": "soon"},
     {"expires_at": "2001-01-01T00:00"}, {"expires_at": "9999-12-31T23:59"}],
)  # fmt: skip
def test_bad_token_form_is_refused_with_the_input_preserved(browser, workspace, fields):
    response = browser.post("/settings/tokens/new", {"name": "kept", "scopes": ["admin"]} | fields)
    assert response.status_code == 422
    assert ApiToken.objects.of(workspace.pk).count() == 0


def test_expiry_is_read_in_the_time_zone_of_the_user(browser, workspace):
    browser.post("/settings/profile", PROFILE | {"time_zone": "Asia/Tokyo"})
    form = {"name": "t", "scopes": ["admin"], "expires_at": "2099-01-01T09:00"}
    assert browser.post("/settings/tokens/new", form).status_code == 201
    assert ApiToken.objects.of(workspace.pk).get().expires_at.isoformat() == "2099-01-01T00:00:00+00:00"


def test_two_secrets_live_while_a_rotation_lasts_and_never_three(browser, workspace, admin):
    first = issue_token(admin, name="billing", scopes=["admin"])
    page = browser.post(f"/settings/tokens/{first.row.pk}/rotate", {"overlap_hours": "24"})
    second = token_in(page)[0]
    assert [authenticate_token(text).label for text in (first.text, second)] == ["billing", "billing"]
    newest = ApiToken.objects.of(workspace.pk).latest("id")
    third = token_in(browser.post(f"/settings/tokens/{newest.pk}/rotate", {"overlap_hours": "24"}))[0]
    assert [authenticate_token(text).label for text in (second, third)] == ["billing", "billing"]
    first.row.refresh_from_db()
    assert first.row.revoked_at is not None


@pytest.mark.parametrize(
    ("hours", "status"), [("0", 201), ("168", 201), ("169", 422), ("-1", 422), ("x", 422), ("", 422)]
)
def test_overlap_is_zero_to_seven_days(browser, admin, hours, status):
    token = issue_token(admin, name="billing", scopes=["admin"]).row
    assert browser.post(f"/settings/tokens/{token.pk}/rotate", {"overlap_hours": hours}).status_code == status


def test_personal_token_is_not_rotated(browser, workspace, admin, make_user):
    person = make_user("maya")
    token = issue_token(admin, name="cli@laptop", scopes=["admin"]).row
    ApiToken.objects.of(workspace.pk).filter(pk=token.pk).update(user=person)
    page = browser.get("/settings/tokens").content.decode()
    assert (f"/settings/tokens/{token.pk}/rotate" in page, f"{token.pk}/revoke" in page) == (False, True)
    with pytest.raises(Conflict, match="tocsin login"):
        rotate_token(admin, token_id=token.pk)
    assert browser.get(f"/settings/tokens/{token.pk}/rotate").status_code == 409
    assert browser.post(f"/settings/tokens/{token.pk}/rotate", {"overlap_hours": "0"}).status_code == 409
    token.refresh_from_db()
    assert (token.revoked_at, ApiToken.objects.of(workspace.pk).count()) == (None, 1)


def test_token_is_revoked_once_and_one_of_another_workspace_is_404(browser, admin, other_workspace):
    token = issue_token(admin, name="billing", scopes=["admin"]).row
    foreign = issue_token(system_actor(other_workspace.pk), name="theirs", scopes=["admin"]).row
    assert browser.post(f"/settings/tokens/{token.pk}/revoke").status_code == 303
    assert browser.post(f"/settings/tokens/{token.pk}/revoke").status_code == 409
    assert browser.post(f"/settings/tokens/{token.pk}/rotate", {"overlap_hours": "0"}).status_code == 409
    for verb in ("revoke", "rotate"):
        assert browser.post(f"/settings/tokens/{foreign.pk}/{verb}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/settings/members", "/settings/tokens", "/settings/profile", "/settings/audit"]
)
def test_more_rows_cost_no_more_queries(browser, admin, make_actor, path, django_assert_max_num_queries):
    for number in range(10):
        make_actor("viewer")
        issue_token(admin, name=f"t{number}", scopes=["admin"])
    with django_assert_max_num_queries(7):
        assert browser.get(path).status_code == 200
