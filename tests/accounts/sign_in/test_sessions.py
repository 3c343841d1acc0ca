"""Sessions: lifetime, what ends them, and the client address that attempts are counted for."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Session
from accounts.sign_in.limits import PER_ADDRESS
from accounts.sign_in.session_expiry import is_over

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery"


@pytest.fixture
def dana(make_user, workspace):
    user = make_user("dana", password=GOOD)
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="admin")
    return user


@pytest.fixture
def browser(dana):
    client = Client()
    client.post("/sign-in", {"login": "dana", "password": GOOD})
    return client


@pytest.fixture
def clock(browser, time_machine):
    """`clock.shift(…)`: later than the sign-in."""
    time_machine.move_to(timezone.now())
    return time_machine


def is_in(browser, path="/incidents"):
    return browser.get(path).status_code == 200


def test_idle_session_expires(browser, settings, clock):
    settings.SESSION_IDLE_S = 3600
    assert is_in(browser)
    clock.shift(timedelta(minutes=61))
    assert not is_in(browser)
    assert not is_in(browser), "and it stays ended"


def test_used_session_is_extended_up_to_its_maximum(browser, settings, clock):
    settings.SESSION_IDLE_S, settings.SESSION_LASTS_S = 3600, 3600 * 5
    for _ in range(5):
        clock.shift(timedelta(minutes=50))
        assert is_in(browser)
    clock.shift(timedelta(minutes=55))
    assert not is_in(browser), "five hours are over, used or not"


def test_open_page_does_not_count_as_activity(browser, settings, clock):
    settings.SESSION_IDLE_S = 3600
    for _ in range(2):
        clock.shift(timedelta(minutes=25))
        assert is_in(browser, "/panels/failing_checks")
    clock.shift(timedelta(minutes=25))
    assert not is_in(browser, "/panels/failing_checks")


def test_new_sign_in_restarts_the_session(browser, dana, settings, clock):
    settings.SESSION_LASTS_S = 3600
    clock.shift(timedelta(minutes=50))
    browser.post("/sign-out")
    browser.post("/sign-in", {"login": "dana", "password": GOOD})
    clock.shift(timedelta(minutes=50))
    assert is_in(browser)


def test_session_in_use_is_written_every_five_minutes_only(browser, clock, django_assert_num_queries):
    is_in(browser, "/account/password")
    with django_assert_num_queries(2):  # the session, the person
        browser.get("/account/password")
    clock.shift(timedelta(minutes=6))
    browser.get("/account/password")
    assert browser.session["used"] > browser.session["begun"] + 300


def test_signing_out_ends_the_session(browser):
    key = browser.session.session_key
    browser.post("/sign-out")
    assert not Session.objects.filter(session_key=key).exists()
    browser.cookies["tocsin_session_8000"] = key
    assert not is_in(browser)


def test_session_of_an_open_stream_expires_the_same_way(settings):
    settings.SESSION_IDLE_S, settings.SESSION_LASTS_S = 100, 1000
    assert not is_over({"begun": 0.0, "used": 50.0}, now=100)
    assert is_over({"begun": 0.0, "used": 50.0}, now=151)
    assert is_over({"begun": 0.0, "used": 1000.0}, now=1001)


def test_cookies_are_for_the_browser_and_this_site_only(browser, settings):
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["domain"] == ""


@pytest.mark.parametrize(
    ("remote", "forwarded", "counted"),
    [
        ("10.0.0.7", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "198.51.100.9, 10.0.0.3", "198.51.100.9"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "nonsense, 10.0.0.3", "10.0.0.3"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
    ],
    ids=["proxy", "lied to the proxy", "two proxies", "silent proxy", "nonsense", "no proxy of ours"],
)
def test_only_trusted_proxies_set_the_client_address(rf, settings, remote, forwarded, counted):
    from core.http.middleware import ClientAddress

    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    seen = []
    request = rf.get("/", REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded})
    ClientAddress(lambda r: seen.append(r.META["REMOTE_ADDR"]))(request)
    assert seen == [counted]


@pytest.mark.parametrize(
    ("proxies", "remote", "is_trusted"),
    [(["10.0.0.0/8"], "10.0.0.7", True), (["10.0.0.0/8"], "192.0.2.1", False), ([], "192.0.2.1", False)],
    ids=["proxy", "no proxy of ours", "no proxy named"],
)
def test_only_trusted_proxies_set_the_scheme(rf, settings, proxies, remote, is_trusted):
    from core.http.middleware import ClientAddress

    settings.TRUSTED_PROXIES = [ip_network(one) for one in proxies]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = rf.get("/", REMOTE_ADDR=remote, headers={"x-forwarded-proto": "https"})
    ClientAddress(lambda r: None)(request)
    assert request.is_secure() is is_trusted


def test_one_caller_behind_a_proxy_does_not_lock_the_others_out(dana, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    attacker, browser = {"x-forwarded-for": "203.0.113.5"}, Client()
    for number in range(PER_ADDRESS + 1):
        browser.post("/sign-in", {"login": f"n{number}", "password": "x"}, headers=attacker)
    response = browser.post("/sign-in", {"login": "dana", "password": GOOD}, headers=attacker)
    assert "Too many attempts" in response.content.decode()
    other = {"x-forwarded-for": "198.51.100.9"}
    assert browser.post("/sign-in", {"login": "dana", "password": GOOD}, headers=other).status_code == 302


@pytest.mark.parametrize("key", [r'"abcdefgh\000x"', "é" * 8, "a b", "x" * 500])
def test_cookie_without_a_session_is_anonymous(db, settings, key):
    cookie = f"{settings.SESSION_COOKIE_NAME}={key}"
    response = Client().get("/", headers={"cookie": cookie})
    assert (response.status_code, response["Location"].split("?")[0]) == (303, "/sign-in")
