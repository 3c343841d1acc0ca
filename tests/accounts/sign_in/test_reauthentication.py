"""Reauthentication: changes that could take over an account require the password; failures are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Session, User

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery"
PROFILE = {"display_name": "Dana D", "time_zone": "UTC", "theme": "system"}


@pytest.fixture
def dana(make_user, workspace):
    user = make_user("dana", password=GOOD)
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="responder")
    return user


@pytest.fixture
def browser(dana, time_machine):
    """Dana's, twenty minutes after signing in."""
    client = Client()
    client.post("/sign-in", {"login": "dana", "password": GOOD})
    time_machine.move_to(timezone.now() + timedelta(minutes=20))
    return client


def test_new_address_waits_for_the_password_with_the_input_preserved(browser, dana):
    wanted = PROFILE | {"email": "new@example.test"}
    response = browser.post("/settings/profile", wanted)
    assert (response.status_code, response["Location"]) == (
        303,
        "/account/confirm?next=%2Fsettings%2Fprofile",
    )
    assert User.objects.get(pk=dana.pk).email == "dana@example.test"
    response = browser.post(response["Location"], {"current": GOOD})
    assert response["Location"] == "/settings/profile"
    assert 'value="new@example.test"' in browser.get("/settings/profile").content.decode()
    assert browser.post("/settings/profile", wanted).status_code == 303
    assert User.objects.get(pk=dana.pk).email == "new@example.test"


def test_other_profile_fields_need_no_password(browser, dana):
    assert browser.post("/settings/profile", PROFILE | {"email": dana.email}).status_code == 303
    assert User.objects.get(pk=dana.pk).display_name == "Dana D"


def test_ending_a_sign_in_waits_for_the_password(browser, dana):
    Client().post("/sign-in", {"login": "dana", "password": GOOD})
    other = Session.objects.exclude(pk=browser.session.session_key).get(user=dana)
    for address in ("/settings/profile/sessions/end", f"/settings/profile/sessions/{other.public_id}/end"):
        assert browser.post(address)["Location"].startswith("/account/confirm")
    assert Session.objects.filter(user=dana).count() == 2
    browser.post("/account/confirm", {"current": GOOD})
    assert "submit again" in browser.get("/settings/profile").content.decode()
    browser.post("/settings/profile/sessions/end")
    assert Session.objects.filter(user=dana).count() == 1


def test_user_without_a_password_needs_none(make_user, workspace, time_machine):
    guest = make_user("guest")
    Membership.objects.create(workspace_id=workspace.pk, user=guest, role="responder")
    client = Client()
    client.force_login(guest)
    time_machine.move_to(timezone.now() + timedelta(minutes=20))
    assert client.post("/settings/profile", PROFILE | {"email": "new@example.test"}).status_code == 303
    assert User.objects.get(pk=guest.pk).email == "new@example.test"


def test_password_given_is_good_for_fifteen_minutes(browser, time_machine):
    browser.post("/account/confirm", {"current": GOOD})
    time_machine.shift(timedelta(minutes=14))
    assert browser.post("/settings/profile/sessions/end")["Location"] == "/settings/profile"
    time_machine.shift(timedelta(minutes=2))
    assert browser.post("/settings/profile/sessions/end")["Location"].startswith("/account/confirm")


@pytest.mark.parametrize(
    ("page", "more"), [("/account/confirm", {}), ("/account/password", {"password": "another good one"})]
)
def test_unattended_session_cannot_guess_the_password(browser, page, more):
    for _ in range(5):
        assert browser.post(page, {"current": "wrong", **more}).status_code == 422
    response = browser.post(page, {"current": GOOD, **more})
    assert response.status_code == 422
    assert "Too many attempts" in response.content.decode()


def test_return_address_is_on_this_site(browser):
    response = browser.post("/account/confirm?next=https://evil.example/", {"current": GOOD})
    assert response["Location"] == "/"


def test_sign_out_empties_the_browser(browser):
    response = browser.post("/sign-out")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
