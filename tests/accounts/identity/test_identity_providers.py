"""Sign-in with an OpenID Connect provider, against a real one over a socket."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from oidc_provider_mock import User as Subject
from oidc_provider_mock import run_server_in_thread

from accounts.actor import Actor
from accounts.identity.claims import read_claims, role_of
from accounts.identity.openid import issuer_fault, token_fault
from accounts.identity.services.providers import (
    add_provider,
    change_provider,
    remove_provider,
    require_provider,
)
from accounts.models import ApiToken, AuditEntry, IdentityProvider, Membership, Role, User, Workspace
from accounts.people.proof import prove_address
from accounts.people.services.invitations import invite_member
from accounts.sign_in.services import mint_sign_in_link, spend_sign_in_link
from core.errors import Conflict, Forbidden, Invalid
from core.secrets.encryption import decrypt

# The provider's own libraries warn of one another.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
PASSWORD = "a long enough passphrase"


@pytest.fixture(scope="module")
def issuer():
    subjects = [
        _subject("ada", email="Ada@example.com", groups=["sre-leads", "staff"], name="Ada Lovelace"),
        _subject("bob", email="bob@example.com", groups=["staff"]),
        _subject("eve", email="eve@elsewhere.test"),
        _subject("mia", email="mia@example.com", is_verified=False),
    ]
    resolve("/")  # the addresses are loaded before a test holds a transaction open
    with run_server_in_thread(user_claims=subjects, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


def _subject(who, *, email, is_verified=True, **claims):
    claims |= {"email": email, "email_verified": is_verified, "preferred_username": who}
    return Subject(sub=f"subject-{who}", claims=claims)


@pytest.fixture
def provider(admin, issuer, settings) -> IdentityProvider:
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    return add_provider(
        admin, name="Keycloak", server_url=issuer, client_id="tocsin", client_secret="s3cret of the client",
        allowed_domains=["example.com"], group_roles={"sre-leads": "manager"}, default_role="viewer",
    )  # fmt: skip


def sign_in(provider, name, client=None):
    """What a browser does: our button, the provider's form, our callback."""
    client = client or Client()
    back = sent_back(provider, name, client)
    return client, client.get(f"{back.path}?{back.query}")


def sent_back(provider, name, client):
    """The address to which the provider sends the browser back."""
    redirect = client.post(f"/account/identity/{provider.slug}")
    assert redirect.status_code == 302, redirect.content
    granted = requests.post(
        redirect["Location"], data={"sub": f"subject-{name}"}, allow_redirects=False, timeout=10
    )
    return urlsplit(granted.headers["Location"])


def is_signed_in(client):
    return client.get("/settings/profile").status_code == 200


def member(provider, username) -> Membership:
    return Membership.objects.of(provider.workspace_id).get(user__username=username)


def test_person_of_the_provider_becomes_a_member_with_the_role_of_their_group(provider):
    client, response = sign_in(provider, "ada")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_signed_in(client)
    mine = member(provider, "ada")
    assert (mine.role, mine.user.email, mine.user.has_usable_password()) == (
        "manager",
        "ada@example.com",
        False,
    )
    assert (mine.user.is_proven, mine.user.is_proven_in(provider.workspace_id)) == (False, True)
    summaries = AuditEntry.objects.of(provider.workspace_id).values_list("summary", flat=True)
    assert any("became manager by signing in with Keycloak" in one for one in summaries)


def test_the_second_sign_in_is_the_same_person_and_follows_the_groups(provider, admin):
    sign_in(provider, "ada")
    change_provider(admin, provider_id=provider.pk, group_roles={"sre-leads": "responder"})
    sign_in(provider, "ada")
    assert member(provider, "ada").role == "responder"
    assert User.objects.filter(email__iexact="ada@example.com").count() == 1


def test_user_without_a_group_gets_the_default_role_or_is_refused(provider, admin):
    sign_in(provider, "bob")
    assert member(provider, "bob").role == "viewer"
    Membership.objects.of(provider.workspace_id).filter(user__username="bob").delete()
    change_provider(admin, provider_id=provider.pk, default_role="")
    _, response = sign_in(provider, "bob")
    assert response.status_code == 403
    assert b"None of your groups" in response.content


@pytest.mark.parametrize(("name", "why"), [("eve", b"elsewhere.test may not"), ("mia", b"has not verified")])
def test_other_domains_and_unverified_addresses_are_refused(provider, name, why):
    client, response = sign_in(provider, name)
    assert response.status_code == 403
    assert why in response.content
    assert not is_signed_in(client)
    assert not User.objects.filter(username=name).exists()


def test_account_of_another_workspace_is_not_taken_by_its_address(provider, other_workspace):
    held = User.objects.create_user("ada", "ada@example.com", PASSWORD)
    Membership.objects.create(workspace_id=other_workspace.pk, user=held, role="admin")
    client, response = sign_in(provider, "ada")
    assert response.status_code == 403
    assert b"exists already" in response.content
    assert not held.memberships.filter(workspace_id=provider.workspace_id).exists()
    client.force_login(held, backend="django.contrib.auth.backends.ModelBackend")
    _, response = sign_in(provider, "ada", client)
    assert response["Location"] == "/"
    assert held.memberships.filter(workspace_id=provider.workspace_id).exists()


def test_unproven_account_of_the_workspace_loses_its_password(provider):
    held = User.objects.create_user("lovelace", "ada@example.com", PASSWORD)
    Membership.objects.create(workspace_id=provider.workspace_id, user=held, role="viewer")
    Authenticator.objects.create(user=held, type=Authenticator.Type.WEBAUTHN, data={})
    SocialAccount.objects.create(user=held, provider="another", uid="1")
    link = mint_sign_in_link(held, now=timezone.now())
    token = ApiToken.objects.create(
        workspace_id=provider.workspace_id,
        user=held,
        name="mine",
        scopes=[],
        prefix="abcdefgh",
        digest="0" * 64,
    )
    client, response = sign_in(provider, "ada")
    assert (response.status_code, is_signed_in(client)) == (302, True)
    held.refresh_from_db()
    token.refresh_from_db()
    assert (held.has_usable_password(), held.is_proven_in(provider.workspace_id)) == (False, True)
    assert not Authenticator.objects.filter(user=held).exists()
    assert [one.provider for one in SocialAccount.objects.filter(user=held)] == [provider.slug]
    assert spend_sign_in_link(secret=link, now=timezone.now()) is None
    assert token.revoked_at is not None
    assert not User.objects.filter(username="ada").exists()


@pytest.fixture
def rival_provider(provider, issuer, make_actor, other_workspace) -> IdentityProvider:
    """The provider of another workspace, whose admin runs it: it says whatever he likes."""
    rival = make_actor("admin", username="rival.admin", inside=other_workspace)
    return add_provider(
        rival, name="Forged", server_url=issuer, client_id="rival", client_secret="of the rival",
        trusts_addresses=True, default_role="admin",
    )  # fmt: skip


def test_account_that_another_workspaces_provider_created_is_taken_over(provider, rival_provider):
    rival, _ = sign_in(rival_provider, "ada")
    assert rival.post("/account/password", {"password": PASSWORD}).status_code == 302
    held = User.objects.get(username="ada")
    assert not held.is_proven_in(provider.workspace_id)
    held.memberships.all().delete()
    client, response = sign_in(provider, "ada")
    assert (response["Location"], member(provider, "ada").role) == ("/", "manager")
    assert rival.get("/settings/profile").status_code == 303
    assert Client().post("/sign-in", {"login": "ada", "password": PASSWORD}).status_code == 422
    rival, response = sign_in(rival_provider, "ada")
    assert response.status_code == 403
    assert b"exists already" in response.content
    assert is_signed_in(client)


def test_proof_of_a_provider_counts_in_its_workspace_until_a_mail_proves_more(provider, other_workspace):
    sign_in(provider, "ada")
    person = User.objects.get(username="ada")
    counts = [person.is_proven_in(pk) for pk in (provider.workspace_id, other_workspace.pk)]
    assert counts == [True, False]
    assert prove_address(person.pk, "Ada@example.com")
    assert not prove_address(person.pk, "ada@example.com")
    person.refresh_from_db()
    assert person.is_proven
    assert person.is_proven_in(other_workspace.pk)


def test_migration_finds_the_accounts_that_a_provider_proved(provider, make_user):
    sign_in(provider, "ada")
    mailed = make_user("bea", email="bea@example.com")
    SocialAccount.objects.create(user=mailed, provider=provider.slug, uid="bea")
    User.objects.filter(pk=mailed.pk).update(address_proven_at=timezone.now() - timedelta(days=1))
    User.objects.update(address_proven_in=None)
    migration = import_module("accounts.migrations.0012_proof_of_one_workspace")
    with connection.cursor() as cursor:
        cursor.execute(migration.VOUCHED_FOR)
    marked = User.objects.exclude(address_proven_in=None).values_list("username", "address_proven_in")
    assert list(marked) == [("ada", provider.workspace_id)]


def test_invitation_takes_no_address_from_a_member_whom_the_provider_vouches_for(provider, rival_provider):
    sign_in(provider, "ada")
    rival = Actor(rival_provider.workspace_id, "user", "Rival", user_id=None, role=Role.ADMIN)
    secret = invite_member(rival, email="ada@example.com").secret
    assert "/sign-in?next=" in Client().post(f"/sign-in/invitation/{secret}")["Location"]
    person = User.objects.get(email="ada@example.com")
    person.memberships.all().delete()
    assert Client().post(f"/sign-in/invitation/{secret}")["Location"] == "/account/password"
    person.refresh_from_db()
    assert (person.email.endswith("@account.invalid"), person.address_proven_at) == (True, None)


def test_deactivated_person_stays_out(provider):
    sign_in(provider, "ada")
    User.objects.filter(username="ada").update(is_active=False)
    _, response = sign_in(provider, "ada")
    assert response.status_code == 403
    assert b"deactivated" in response.content


def test_answer_to_another_sign_in_signs_no_one_in(provider):
    client = Client()
    back = sent_back(provider, "ada", client)
    session = client.session
    [state] = session["socialaccount_states"].values()
    state[0]["nonce"] = "of another sign-in"
    session.save()
    response = client.get(f"{back.path}?{back.query}")
    assert response.status_code == 403
    assert b"was not made for this sign-in" in response.content
    assert not is_signed_in(client)


def test_another_issuer_signs_no_one_in(provider, admin):
    client = Client()
    back = sent_back(provider, "ada", client)
    response = client.get(f"{back.path}?{back.query}&iss=https://other.test")
    assert (response.status_code, is_signed_in(client)) == (403, False)
    assert b"is of another issuer" in response.content
    other = provider.server_url.replace("localhost", "LOCALHOST")
    change_provider(admin, provider_id=provider.pk, server_url=other, client_secret="typed again")
    response = Client().post(f"/account/identity/{provider.slug}")
    assert response.status_code == 403
    assert b"is of the issuer" in response.content


def test_subject_of_another_issuer_is_someone_else(provider, admin):
    sign_in(provider, "ada")
    assert SocialAccount.objects.filter(provider=provider.slug).exists()
    change_provider(admin, provider_id=provider.pk, name="Company")
    assert SocialAccount.objects.filter(provider=provider.slug).exists()
    elsewhere = {"server_url": "https://other.test", "client_secret": "typed again"}
    change_provider(admin, provider_id=provider.pk, **elsewhere)
    assert not SocialAccount.objects.filter(provider=provider.slug).exists()


@pytest.mark.parametrize(
    ("server_url", "issuer", "is_fine"),
    [
        ("https://a.test", "https://a.test", True), ("https://a.test", "https://a.test/", True),
        ("https://a.test", "https://b.test", False), ("https://a.test", "https://a.test/realm", False),
        ("https://a.test", "", False),
        ("https://a.test/.well-known/openid-configuration", "https://b.test", True),
    ],
)  # fmt: skip
def test_configuration_is_of_the_issuer_that_was_entered(server_url, issuer, is_fine):
    assert (issuer_fault(server_url, {"issuer": issuer}) == "") == is_fine


@pytest.mark.parametrize(
    ("id_token", "userinfo", "is_fine"),
    [
        ({"nonce": "n", "sub": "1"}, {"sub": "1"}, True), ({"nonce": "n", "sub": "1"}, None, True),
        ({"nonce": "n", "sub": "1"}, {"sub": "2"}, False), ({"nonce": "n", "sub": "1"}, {}, False),
        ({"nonce": "m", "sub": "1"}, None, False), ({"sub": "1"}, None, False), (None, {"sub": "1"}, False),
    ],
)  # fmt: skip
def test_both_responses_belong_to_this_sign_in_and_one_person(id_token, userinfo, is_fine):
    sent = {"id_token": id_token, "userinfo": userinfo}
    assert (token_fault({"nonce": "n"}, sent) == "") == is_fine
    assert token_fault({}, sent)


def test_disabled_or_unreachable_provider_is_reported(provider, admin):
    elsewhere = {"provider_id": provider.pk, "server_url": "http://localhost:9"}
    with pytest.raises(Invalid, match="must be entered again"):
        change_provider(admin, **elsewhere)
    change_provider(admin, **elsewhere, client_secret="typed again")
    response = Client().post(f"/account/identity/{provider.slug}")
    assert response.status_code == 403
    assert b"Keycloak did not confirm who you are" in response.content
    change_provider(admin, provider_id=provider.pk, enabled=False)
    assert Client().post(f"/account/identity/{provider.slug}").status_code == 404
    assert b"Sign in with Keycloak" not in Client().get("/sign-in").content


def test_unrequested_callback_signs_no_one_in(provider):
    client = Client()
    response = client.get(f"/account/identity/{provider.slug}/callback?code=abc&state=forged")
    assert response.status_code == 403
    assert not is_signed_in(client)


def test_required_provider_refuses_passwords_except_break_glass(provider, admin):
    person = User.objects.get(pk=admin.user_id)
    person.set_password(PASSWORD)
    person.save()
    with pytest.raises(Invalid):
        require_provider(admin, is_required=True, break_glass="nobody")
    other = User.objects.create_user("old", "old@example.com", PASSWORD)
    Membership.objects.create(workspace_id=provider.workspace_id, user=other, role="responder")
    require_provider(admin, is_required=True, break_glass=person.username)
    for username, status in ((person.username, 200), ("old", 403)):
        client = Client()
        client.post("/sign-in", {"login": username, "password": PASSWORD})
        page = client.get("/incidents")
        assert page.status_code == status
        assert client.get("/api/v1/incidents").status_code == status
        named = {"X-Workspace": Workspace.objects.get(pk=provider.workspace_id).slug}
        assert client.get("/api/v1/incidents", headers=named).status_code == status
    assert b"Sign in with Keycloak" in page.content
    client, _ = sign_in(provider, "ada")
    assert client.get("/incidents").status_code == 200
    with pytest.raises(Conflict):
        remove_provider(admin, provider_id=provider.pk)
    with pytest.raises(Conflict):
        change_provider(admin, provider_id=provider.pk, enabled=False)
    require_provider(admin, is_required=False)
    remove_provider(admin, provider_id=provider.pk)


@pytest.fixture
def elsewhere(provider, other_workspace) -> tuple[Client, User]:
    """Ada, admin of another workspace too and without a password, signed in by the provider alone."""
    sign_in(provider, "ada")
    person = User.objects.get(username="ada")
    Membership.objects.create(workspace_id=other_workspace.pk, user=person, role="admin")
    return sign_in(provider, "ada")[0], person


def test_session_of_a_provider_opens_its_own_workspace_only(elsewhere, provider, other_workspace):
    client, person = elsewhere
    person.memberships.filter(workspace_id=provider.workspace_id).delete()
    client, _ = sign_in(provider, "ada")  # the other workspace is the first of its memberships now
    mine = Workspace.objects.get(pk=provider.workspace_id).slug
    assert client.get("/api/v1/me").json()["workspace"]["slug"] == mine
    assert other_workspace.name not in client.get("/incidents").content.decode()
    named = {"X-Workspace": other_workspace.slug}
    refused = client.get("/api/v1/incidents", headers=named)
    assert (refused.status_code, refused.json()["code"]) == (403, "bound_session")
    assert client.post(f"/account/workspace/{other_workspace.slug}").status_code == 403
    sent = {"content_type": "application/json"}
    assert client.post(f"/api/v1/workspaces/{other_workspace.slug}/select", **sent).status_code == 403
    session = client.session
    session["workspace_id"] = other_workspace.pk
    session.save()
    assert client.get("/api/v1/me").json()["workspace"]["slug"] == mine
    person.memberships.filter(workspace_id=provider.workspace_id).delete()
    assert [client.get(path).status_code for path in ("/incidents", "/api/v1/incidents")] == [403, 403]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/password", {"password": PASSWORD}),
        ("/account/2fa/totp/activate/", {"code": "123456"}),
        ("/account/2fa/webauthn/add/", {}),
        ("/settings/profile", {"email": "new@example.test"}),
        ("/settings/profile/sessions/end", {}),
        ("/account/workspaces", {"name": "Mine", "time_zone": "UTC"}),
    ],
)
def test_session_of_a_provider_changes_no_account_of_other_workspaces(elsewhere, path, fields):
    client, person = elsewhere
    response = client.post(path, fields)
    assert response.status_code == 403
    assert b"Sign in another way" in response.content
    person.refresh_from_db()
    assert (person.has_usable_password(), person.email) == (False, "ada@example.com")


def test_session_of_a_provider_accepts_no_invitation_to_leave_its_workspace(elsewhere, make_actor, provider):
    client, person = elsewhere
    third = Workspace.objects.create(name="Third", slug="third")
    secret = invite_member(make_actor("admin", username="founder", inside=third), email=person.email).secret
    assert client.post(f"/sign-in/invitation/{secret}").status_code == 403
    assert not person.memberships.filter(workspace_id=third.pk).exists()


def test_invitation_of_another_workspace_is_accepted_in_the_only_one(provider, make_actor, other_workspace):
    client, _ = sign_in(provider, "ada")
    rival = make_actor("admin", username="rival.admin", inside=other_workspace)
    secret = invite_member(rival, email="ada@example.com").secret
    assert client.post(f"/sign-in/invitation/{secret}").status_code == 302
    assert client.get("/api/v1/me").json()["workspace"]["slug"] == other_workspace.slug


def test_password_sets_the_session_free(elsewhere, other_workspace):
    client, person = elsewhere
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    client.post("/sign-in", {"login": "ada", "password": PASSWORD})
    named = {"X-Workspace": other_workspace.slug}
    assert client.get("/api/v1/incidents", headers=named).status_code == 200
    link = mint_sign_in_link(person, now=timezone.now())
    bound, _ = sign_in(IdentityProvider.across_workspaces.get(), "ada")
    assert bound.get("/api/v1/incidents", headers=named).status_code == 403
    bound.post(f"/sign-in/once/{link}")
    assert bound.get("/api/v1/incidents", headers=named).status_code == 200


@pytest.mark.parametrize(
    ("methods", "is_bound"),
    [(["socialaccount"], True), (["socialaccount", "mfa"], False), (["password"], False), ([], False)],
)
def test_session_that_began_before_the_rule_is_bound_too(elsewhere, other_workspace, methods, is_bound):
    client, _ = elsewhere
    session = client.session
    [record] = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record | {"method": one} for one in methods]
    del session["identity_workspace"]
    session.save()
    refused = client.get("/api/v1/incidents", headers={"X-Workspace": other_workspace.slug})
    assert refused.status_code == (403 if is_bound else 200)


def test_session_of_a_provider_opens_no_admin_pages(provider):
    sign_in(provider, "ada")
    User.objects.filter(username="ada").update(is_staff=True, is_superuser=True)
    client, _ = sign_in(provider, "ada")
    assert client.get("/incidents").status_code == 200
    assert client.get("/admin/").status_code == 403


def test_secret_is_stored_encrypted_and_unchanged_when_left_empty(provider, admin):
    assert "s3cret" not in provider.sealed_secret
    changed = change_provider(admin, provider_id=provider.pk, name="Company")
    assert decrypt(changed.sealed_secret) == "s3cret of the client"
    assert "s3cret" not in str(list(AuditEntry.objects.of(admin.workspace_id).values()))


def test_settings_page_adds_changes_and_removes(client, admin, issuer):
    client.force_login(
        User.objects.get(pk=admin.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    form = {
        "name": "Okta", "server_url": issuer, "client_id": "x", "client_secret": "y",
        "groups_claim": "groups",
        "group_roles": "sre = admin\n ops=responder", "allowed_domains": "example.com\nexample.org",
        "default_role": "", "enabled": "on",
    }  # fmt: skip
    response = client.post("/settings/sign-in/new", form)
    assert response.status_code == 303
    made = IdentityProvider.objects.of(admin.workspace_id).get()
    assert made.group_roles == {"sre": "admin", "ops": "responder"}
    assert f"/account/identity/{made.slug}/callback" in client.get(response["Location"]).content.decode()
    for wrong in (
        {"server_url": "ftp://x"},
        {"group_roles": "sre = king"},
        {"allowed_domains": "@@"},
        {"name": ""},
    ):
        assert client.post(f"/settings/sign-in/{made.pk}", form | wrong).status_code == 422
    assert client.post(f"/settings/sign-in/{made.pk}", form | {"name": "Okta 2"}).status_code == 303
    refused = client.post("/settings/sign-in/required", {"identity_required": "on", "break_glass": "nobody"})
    assert refused.status_code == 422
    assert client.post(f"/settings/sign-in/{made.pk}/remove").status_code == 303
    assert not IdentityProvider.objects.of(admin.workspace_id).exists()


def test_only_admins_change_providers(actor):
    with pytest.raises(Forbidden):
        add_provider(actor, name="X", server_url="https://x.test", client_id="x", client_secret="y")


@pytest.mark.parametrize(
    ("sent", "groups"), [("staff", {"staff"}), (["a", 7], {"a", "7"}), ({"x": 1}, set()), (None, set())]
)
def test_groups_come_as_a_list_or_one_name(sent, groups):
    provider = IdentityProvider(
        name="P", groups_claim="groups", group_roles={"a": "admin", "staff": "viewer"}
    )
    claims = read_claims(provider, {"email": "a@b.test", "email_verified": True, "groups": sent})
    assert claims.groups == groups
    assert role_of(provider, claims.groups) == ("admin" if "a" in groups else "viewer")
