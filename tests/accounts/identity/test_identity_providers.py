"""Sign-in with an OpenID Connect provider, against a real one over a socket."""

from __future__ import annotations

from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from django.urls import resolve
from oidc_provider_mock import User as Subject
from oidc_provider_mock import run_server_in_thread

from accounts.identity.claims import read_claims, role_of
from accounts.identity.services.providers import (
    add_provider,
    change_provider,
    remove_provider,
    require_provider,
)
from accounts.models import AuditEntry, IdentityProvider, Membership, User
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
    with run_server_in_thread(user_claims=subjects) as server:
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
    asked = client.post(f"/account/identity/{provider.slug}")
    assert asked.status_code == 302, asked.content
    answered = requests.post(
        asked["Location"], data={"sub": f"subject-{name}"}, allow_redirects=False, timeout=10
    )
    back = urlsplit(answered.headers["Location"])
    return client, client.get(f"{back.path}?{back.query}")


def is_signed_in(client):
    return client.get("/settings/profile").status_code == 200


def member(provider, username) -> Membership:
    return Membership.objects.of(provider.workspace_id).get(user__username=username)


def test_a_person_of_the_provider_becomes_a_member_with_the_role_of_their_group(provider):
    client, answer = sign_in(provider, "ada")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)
    mine = member(provider, "ada")
    assert (mine.role, mine.user.email, mine.user.has_usable_password()) == (
        "manager",
        "ada@example.com",
        False,
    )
    assert mine.user.is_proven
    said = AuditEntry.objects.of(provider.workspace_id).values_list("summary", flat=True)
    assert any("became manager by signing in with Keycloak" in one for one in said)


def test_the_second_sign_in_is_the_same_person_and_follows_the_groups(provider, admin):
    sign_in(provider, "ada")
    change_provider(admin, provider_id=provider.pk, group_roles={"sre-leads": "responder"})
    sign_in(provider, "ada")
    assert member(provider, "ada").role == "responder"
    assert User.objects.filter(email__iexact="ada@example.com").count() == 1


def test_who_is_in_no_group_gets_the_default_role_or_is_refused(provider, admin):
    sign_in(provider, "bob")
    assert member(provider, "bob").role == "viewer"
    Membership.objects.of(provider.workspace_id).filter(user__username="bob").delete()
    change_provider(admin, provider_id=provider.pk, default_role="")
    _, answer = sign_in(provider, "bob")
    assert answer.status_code == 403
    assert b"None of your groups" in answer.content


@pytest.mark.parametrize(("name", "why"), [("eve", b"elsewhere.test may not"), ("mia", b"has not verified")])
def test_other_domains_and_unverified_addresses_are_refused(provider, name, why):
    client, answer = sign_in(provider, name)
    assert answer.status_code == 403
    assert why in answer.content
    assert not is_signed_in(client)
    assert not User.objects.filter(username=name).exists()


def test_an_account_of_another_workspace_is_not_taken_by_its_address(provider, other_workspace):
    held = User.objects.create_user("ada", "ada@example.com", PASSWORD)
    Membership.objects.create(workspace_id=other_workspace.pk, user=held, role="admin")
    client, answer = sign_in(provider, "ada")
    assert answer.status_code == 403
    assert b"exists already" in answer.content
    assert not held.memberships.filter(workspace_id=provider.workspace_id).exists()
    client.force_login(held, backend="django.contrib.auth.backends.ModelBackend")
    _, answer = sign_in(provider, "ada", client)
    assert answer["Location"] == "/"
    assert held.memberships.filter(workspace_id=provider.workspace_id).exists()


def test_an_unproven_account_of_the_workspace_loses_its_password(provider):
    held = User.objects.create_user("lovelace", "ada@example.com", PASSWORD)
    Membership.objects.create(workspace_id=provider.workspace_id, user=held, role="viewer")
    sign_in(provider, "ada")
    held.refresh_from_db()
    assert (held.has_usable_password(), held.is_proven) == (False, True)
    assert not User.objects.filter(username="ada").exists()


def test_a_deactivated_person_stays_out(provider):
    sign_in(provider, "ada")
    User.objects.filter(username="ada").update(is_active=False)
    _, answer = sign_in(provider, "ada")
    assert answer.status_code == 403
    assert b"deactivated" in answer.content


def test_a_disabled_provider_and_one_that_is_down_say_so(provider, admin):
    elsewhere = {"provider_id": provider.pk, "server_url": "http://localhost:9"}
    with pytest.raises(Invalid, match="must be entered again"):
        change_provider(admin, **elsewhere)
    change_provider(admin, **elsewhere, client_secret="typed again")
    answer = Client().post(f"/account/identity/{provider.slug}")
    assert answer.status_code == 403
    assert b"Keycloak did not confirm who you are" in answer.content
    change_provider(admin, provider_id=provider.pk, enabled=False)
    assert Client().post(f"/account/identity/{provider.slug}").status_code == 404
    assert b"Sign in with Keycloak" not in Client().get("/sign-in").content


def test_a_callback_that_nobody_asked_for_signs_no_one_in(provider):
    client = Client()
    answer = client.get(f"/account/identity/{provider.slug}/callback?code=abc&state=forged")
    assert answer.status_code == 403
    assert not is_signed_in(client)


def test_a_workspace_that_requires_it_keeps_passwords_out_but_break_glass(provider, admin):
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
    assert b"Sign in with Keycloak" in page.content
    client, _ = sign_in(provider, "ada")
    assert client.get("/incidents").status_code == 200
    with pytest.raises(Conflict):
        remove_provider(admin, provider_id=provider.pk)
    with pytest.raises(Conflict):
        change_provider(admin, provider_id=provider.pk, enabled=False)
    require_provider(admin, is_required=False)
    remove_provider(admin, provider_id=provider.pk)


def test_the_secret_is_stored_encrypted_and_kept_when_left_empty(provider, admin):
    assert "s3cret" not in provider.sealed_secret
    changed = change_provider(admin, provider_id=provider.pk, name="Company")
    assert decrypt(changed.sealed_secret) == "s3cret of the client"
    assert "s3cret" not in str(list(AuditEntry.objects.of(admin.workspace_id).values()))


def test_the_settings_page_adds_changes_and_removes(client, admin, issuer):
    client.force_login(
        User.objects.get(pk=admin.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    form = {
        "name": "Okta", "server_url": issuer, "client_id": "x", "client_secret": "y",
        "groups_claim": "groups",
        "group_roles": "sre = admin\n ops=responder", "allowed_domains": "example.com\nexample.org",
        "default_role": "", "enabled": "on",
    }  # fmt: skip
    answer = client.post("/settings/sign-in/new", form)
    assert answer.status_code == 303
    made = IdentityProvider.objects.of(admin.workspace_id).get()
    assert made.group_roles == {"sre": "admin", "ops": "responder"}
    assert f"/account/identity/{made.slug}/callback" in client.get(answer["Location"]).content.decode()
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
