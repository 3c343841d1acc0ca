"""Second factors: setup, sign-in, requirement by a workspace, reset by an operator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Membership, User, Workspace
from accounts.sign_in.limits import take_slots
from accounts.sign_in.services import forget_password, mint_sign_in_link

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough passphrase"


def code_of(secret: str, *, steps: int = 0) -> str:
    """The code of RFC 6238 now, or some periods later."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06}"


@pytest.fixture
def person(workspace) -> User:
    user = User.objects.create_user("ada", "ada@example.test", PASSWORD)
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="admin")
    return user


def signed_in(client: Client) -> bool:
    return client.get("/settings/profile").status_code == 200


def sign_in(client: Client):
    return client.post("/sign-in", {"login": "ada", "password": PASSWORD})


def confirm(client: Client) -> None:
    """Changes of an account ask for the password once more."""
    assert client.post("/account/reauthenticate", {"password": PASSWORD}).status_code == 302


@pytest.fixture
def enrolled(person, django_capture_on_commit_callbacks) -> tuple[Client, str, list[str]]:
    client = Client()
    sign_in(client)
    confirm(client)
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page)[1]
    assert "data:image/svg+xml" in page
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"\b\d{8}\b", response.content.decode())
    return client, secret, codes


def test_authenticator_code_is_required_after_the_password(enrolled, workspace):
    _, secret, codes = enrolled
    assert len(codes) == 10
    client = Client()
    assert sign_in(client)["Location"].startswith("/account/2fa/authenticate/")
    assert not signed_in(client)
    refused = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert b"Incorrect code" in refused.content
    assert not signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": code_of(secret, steps=0)})
    if not signed_in(client):  # a code is good for one sign-in
        client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert signed_in(client)
    summaries = AuditEntry.objects.of(workspace.pk).order_by("-id").values_list("summary", flat=True)
    assert "ada signed in with a password and a second factor" in summaries
    assert "ada added an authenticator app to their account" in summaries


def test_recovery_code_works_once(enrolled):
    *_, codes = enrolled
    for expected in (True, False):
        client = Client()
        sign_in(client)
        client.post("/account/2fa/authenticate/", {"code": codes[3]})
        assert signed_in(client) is expected


def test_codes_are_not_checked_after_too_many_wrong_ones(enrolled):
    *_, codes = enrolled
    client = Client()
    sign_in(client)
    for _ in range(12):
        response = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert b"Too many attempts" in response.content
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert not signed_in(client)


def test_wrong_codes_are_counted_for_each_address(enrolled):
    *_, codes = enrolled
    here, elsewhere = Client(), Client(REMOTE_ADDR="203.0.113.9")
    for client in (here, elsewhere):
        sign_in(client)
    for number in range(20):
        assert take_slots(f"name{number}", "127.0.0.1")
        assert take_slots(f"code{number}", "")
    for client, is_in in ((here, False), (elsewhere, True)):
        client.post("/account/2fa/authenticate/", {"code": codes[0]})
        assert signed_in(client) is is_in


def test_one_time_link_does_not_replace_the_second_factor(enrolled, person):
    *_, codes = enrolled
    client = Client()
    secret = mint_sign_in_link(person, now=timezone.now())
    response = client.post(f"/sign-in/once/{secret}")
    assert response["Location"].startswith("/account/2fa/authenticate/")
    assert not signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert signed_in(client)


def test_secret_is_not_stored_as_it_is(enrolled):
    _, secret, _ = enrolled
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))


def test_required_second_factor_redirects_every_member_to_the_setup(person, workspace):
    client = Client()
    sign_in(client)
    form = {"name": workspace.name, "time_zone": "UTC", "second_factor_required": "on"}
    assert client.post("/settings/workspace", form).status_code == 303
    assert Workspace.objects.get(pk=workspace.pk).second_factor_required
    assert client.get("/")["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/").status_code == 200
    refused = client.get("/api/v1/incidents")
    assert refused.status_code == 403
    assert refused.json()["code"] == "second_factor_required"
    named = client.get("/api/v1/incidents", headers={"X-Workspace": workspace.slug})
    assert (named.status_code, named.json()["code"]) == (403, "second_factor_required")
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate")
    confirm(client)
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page)[1]
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert client.get("/").status_code == 200
    response = client.post("/account/2fa/totp/deactivate/")
    assert b"cannot deactivate" in response.content
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_requirement_applies_again_in_a_session_that_met_it_before(enrolled, workspace):
    client, *_ = enrolled

    def require(is_required: bool) -> None:
        Workspace.objects.filter(pk=workspace.pk).update(second_factor_required=is_required)

    require(True)
    assert client.get("/").status_code == 200
    require(False)
    assert client.post("/account/2fa/totp/deactivate/").status_code == 302
    require(True)
    assert client.get("/")["Location"] == "/account/2fa/"


def test_operator_resets_password_and_second_factors(enrolled, person):
    secret = forget_password(person, now=timezone.now())
    client = Client()
    assert client.post(f"/sign-in/once/{secret}")["Location"] == "/account/password"
    assert signed_in(client)
    assert not Authenticator.objects.exists()
