"""Signing in: with a password, with a one-time link, and rate limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, SignInLink
from accounts.sign_in.limits import take_slots
from accounts.sign_in.services import mint_sign_in_link, spend_sign_in_link
from core.models import Allowance
from core.queue.nudge import valkey

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery"


@pytest.fixture
def dana(make_user, workspace):
    from accounts.models import Membership

    user = make_user("dana", password=GOOD)
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="responder")
    return user


def sign_in(client, login="dana", password=GOOD, **headers):
    return client.post("/sign-in", {"login": login, "password": password}, headers=headers)


@pytest.mark.parametrize("login", ["dana", "DANA", "dana@example.test", "Dana@Example.test"])
def test_user_name_and_address_both_sign_in(client, dana, login):
    response = sign_in(client, login)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(dana.pk)


@pytest.mark.parametrize(
    ("login", "password"), [("dana", "wrong"), ("nobody", GOOD), ("", ""), ("dana", "\x00")]
)
def test_wrong_name_and_wrong_password_have_the_same_error(client, dana, login, password):
    response = sign_in(client, login, password)
    assert response.status_code == 422
    assert "_auth_user_id" not in client.session


def test_error_does_not_reveal_which_of_the_two_was_wrong(client, dana):
    def errors_shown(*tried):
        return [str(error) for error in sign_in(client, *tried).context["form"].non_field_errors()]

    assert (
        errors_shown("dana", "wrong") == errors_shown("nobody", "wrong") == ["Wrong user name or password."]
    )


def test_sixth_wrong_password_in_five_minutes_is_too_many_even_when_right(client, dana):
    for _ in range(5):
        sign_in(client, password="wrong")
    response = sign_in(client)
    assert response.status_code == 422
    assert "Too many attempts" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_right_passwords_use_up_no_tries(client, dana):
    for _ in range(8):
        assert sign_in(client).status_code == 302
        client.post("/sign-out")


def test_one_address_gets_twenty_tries_over_all_names(client, dana):
    for number in range(20):
        sign_in(client, f"name{number}", "wrong")
    assert "Too many attempts" in sign_in(client).content.decode()


def test_failed_attempts_expire_with_the_window(client, dana):
    for _ in range(5):
        sign_in(client, password="wrong")
    Allowance.objects.update(window_at=F("window_at") - timedelta(minutes=5))
    assert sign_in(client).status_code == 302


def test_flushed_valkey_resets_no_failed_sign_ins(client, dana):
    for _ in range(5):
        sign_in(client, password="wrong")
    valkey().flushdb()
    assert "Too many attempts" in sign_in(client).content.decode()


def test_failures_are_not_evicted_by_other_names(client, dana):
    for _ in range(5):
        sign_in(client, password="wrong")
    for number in range(400):
        take_slots(f"name{number}", f"10.1.{number // 256}.{number % 256}")
    assert "Too many attempts" in sign_in(client).content.decode()


def test_signing_in_changes_the_session_key(client, dana):
    client.get("/sign-in")
    session = client.session
    session["kept"] = 1
    session.save()
    before = session.session_key
    sign_in(client)
    assert client.session.session_key != before


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_sign_in_never_redirects_to_another_site(client, dana, target):
    response = client.post("/sign-in", {"login": "dana", "password": GOOD, "next": target})
    assert response["Location"] == "/"


def test_sign_in_returns_to_the_requested_page(client, dana):
    response = client.post("/sign-in", {"login": "dana", "password": GOOD, "next": "/incidents/3"})
    assert response["Location"] == "/incidents/3"


def test_form_without_proof_of_origin_is_refused(dana):
    assert sign_in(Client(enforce_csrf_checks=True)).status_code == 403


def test_signing_out_needs_a_post(client, dana):
    sign_in(client)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 302
    assert "_auth_user_id" not in client.session


def test_looking_at_a_link_does_not_spend_it(client, dana):
    secret = mint_sign_in_link(dana, now=timezone.now())
    for _ in range(3):
        response = client.get(f"/sign-in/once/{secret}")
        assert response.status_code == 200
        # No other site gets the address; with "no-referrer" browsers would send no origin, and be refused.
        assert response["Referrer-Policy"] == "same-origin"
    assert SignInLink.objects.get().used_at is None
    assert client.post(f"/sign-in/once/{secret}").status_code == 302
    assert client.session["_auth_user_id"] == str(dana.pk)


def test_link_works_once(client, dana):
    secret = mint_sign_in_link(dana, now=timezone.now())
    client.post(f"/sign-in/once/{secret}")
    again = Client()
    assert again.post(f"/sign-in/once/{secret}").status_code == 410
    assert "_auth_user_id" not in again.session
    assert AuditEntry.across_workspaces.filter(action="sign_in.link").count() == 1


def test_link_ends_after_a_day(dana):
    secret = mint_sign_in_link(dana, now=timezone.now())
    assert spend_sign_in_link(secret=secret, now=timezone.now() + timedelta(hours=24, seconds=1)) is None


def test_new_link_ends_the_one_before(dana):
    old = mint_sign_in_link(dana, now=timezone.now())
    new = mint_sign_in_link(dana, now=timezone.now())
    assert spend_sign_in_link(secret=old, now=timezone.now()) is None
    assert spend_sign_in_link(secret=new, now=timezone.now()) == dana


def test_link_is_stored_as_its_digest_only(dana):
    secret = mint_sign_in_link(dana, now=timezone.now())
    assert secret not in str(SignInLink.objects.values().get())


def test_switched_off_account_cannot_use_its_link(dana):
    secret = mint_sign_in_link(dana, now=timezone.now())
    dana.is_active = False
    dana.save()
    assert spend_sign_in_link(secret=secret, now=timezone.now()) is None


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_concurrent_uses_of_a_link_succeeds(dana):
    secret = mint_sign_in_link(dana, now=timezone.now())

    def spend(_):
        try:
            return spend_sign_in_link(secret=secret, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert [who for who in pool.map(spend, range(8)) if who] == [dana]


def test_user_without_a_password_sets_one_directly(client, make_user):
    user = make_user("fresh")
    secret = mint_sign_in_link(user, now=timezone.now())
    assert client.post(f"/sign-in/once/{secret}")["Location"] == "/account/password"
    response = client.post("/account/password", {"password": GOOD})
    assert (response.status_code, response["Location"]) == (302, "/")
    user.refresh_from_db()
    assert user.check_password(GOOD)


def test_user_with_a_password_must_enter_it(client, dana):
    client.force_login(dana)
    response = client.post("/account/password", {"current": "wrong", "password": "another good one"})
    assert response.status_code == 422
    dana.refresh_from_db()
    assert dana.check_password(GOOD)


@pytest.mark.parametrize("weak", ["short", "password123", "dana@example.test"])
def test_weak_password_is_refused_with_the_reason(client, make_user, weak):
    client.force_login(make_user("fresh", email="dana@example.test"))
    response = client.post("/account/password", {"password": weak})
    assert response.status_code == 422
    assert response.context["form"].errors["password"]


def test_new_password_ends_every_other_session(client, dana):
    other = Client()
    other.force_login(dana)
    client.force_login(dana)
    client.post("/account/password", {"current": GOOD, "password": "another good one"})
    assert client.get("/account/password").status_code == 200
    assert other.get("/account/password").status_code in {302, 303}


def test_password_page_wants_a_session(client, db):
    response = client.get("/account/password")
    assert response.status_code in {302, 303}
    assert response["Location"].startswith("/sign-in")
