"""Error pages look like the site, name the fault, and offer a way on."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.models import Session, User
from core.errors import Conflict, RateLimited, Unavailable
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.panels import IncidentFacts
from incidents.lifecycle.views import incident_detail
from incidents.sla.services.clocks import seed_policies


@pytest.fixture
def incident(workspace, actor):
    seed_policies(workspace.pk)
    return declare_incident(actor, title="Checkout is down", severity="sev2")


def _signed_in(actor, **options):
    client = Client(**options)
    user = User.objects.get(pk=actor.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _is_nice(response, status):
    text = response.content.decode()
    assert response.status_code == status
    assert text.startswith("<!DOCTYPE html>")
    assert f">{status}</p>" in text
    assert 'href="/"' in text
    return text


@pytest.mark.django_db
def test_unknown_host_is_a_400():
    assert _is_nice(Client().get("/", headers={"host": "evil.test"}), 400)


def test_forbidden_action_is_a_403_with_the_reason(incident, make_actor):
    viewer = _signed_in(make_actor("viewer"))
    assert "viewer" in _is_nice(viewer.post(f"/incidents/{incident.reference}/resolve"), 403).lower()


def test_form_without_its_token_is_a_403_with_advice(incident, actor):
    strict = _signed_in(actor, enforce_csrf_checks=True)
    assert "reload" in _is_nice(strict.post(f"/incidents/{incident.reference}/resolve"), 403)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("is_strict", "path", "address"),
    [(True, "/sign-in", "203.0.113.77"), (False, "/incidents/declare", "203.0.113.78")],
)
def test_forms_without_a_session_store_few_sessions(settings, is_strict, path, address):
    statuses = set()
    for number in range(45):
        browser = Client(enforce_csrf_checks=is_strict, REMOTE_ADDR=address)
        if number % 2:
            browser.cookies[settings.SESSION_COOKIE_NAME] = f"made{number}up"
        sent = browser.post(path, {"title": "x" * 1000}, headers={"Origin": "http://testserver"})
        statuses.add(sent.status_code)
    assert 10 <= Session.objects.count() <= 40  # a share is of other processes; a minute may end meanwhile
    assert statuses == ({303, 403} if is_strict else {303})


@pytest.mark.parametrize("path", ["/incidents/INC-999", "/incidents/INC-1/no-such", "/nowhere"])
def test_missing_object_is_a_404(incident, actor, path):
    assert _is_nice(_signed_in(actor).get(path), 404)


def test_outdated_page_is_a_409(incident, actor, monkeypatch):
    def overtaken(*_):
        raise Conflict("Someone else changed this.")

    monkeypatch.setattr(incident_detail, "incident_for", overtaken)
    assert "Someone else changed this." in _is_nice(
        _signed_in(actor).get(f"/incidents/{incident.reference}"), 409
    )


@pytest.mark.parametrize(
    ("fault", "todo"),
    [
        (RateLimited("Too many.", headers={"Retry-After": "7"}), "Try again in 7 seconds."),
        (RateLimited("Too many."), "Wait a moment"),
        (Unavailable("Not now.", headers={"Retry-After": "2"}), "Try again in 2 seconds."),
    ],
    ids=["429 with a time", "429", "503"],
)
def test_rate_limited_page_shows_how_long_to_wait(incident, actor, monkeypatch, fault, todo):
    def refused(*_):
        raise fault

    monkeypatch.setattr(incident_detail, "incident_for", refused)
    response = _signed_in(actor).get(f"/incidents/{incident.reference}")
    text = _is_nice(response, fault.status)
    assert (fault.detail in text, todo in text) == (True, True)
    assert response.headers.get("Retry-After") == fault.headers.get("Retry-After")


@pytest.mark.parametrize("fault", [DatabaseError("broken"), Conflict("Not to be read now.")])
def test_panel_that_cannot_be_read_leaves_the_others_alone(incident, actor, monkeypatch, fault):
    def broken(*_):
        raise fault

    monkeypatch.setattr(IncidentFacts, "context", broken)
    response = _signed_in(actor).get(f"/incidents/{incident.reference}")
    text = response.content.decode()
    assert response.status_code == 200
    assert "Details could not be loaded." in text
    assert text.count("could not be loaded.") == 1
    assert "Checkout is down" in text
    assert 'id="panel-incident-timeline"' in text


@pytest.mark.parametrize("is_open", [True, False])
def test_open_api_is_shown_on_every_page(incident, actor, settings, is_open):
    settings.TOCSIN_OPEN_LOOPBACK = is_open
    for client in (_signed_in(actor), Client()):
        is_shown = "The API is open to this machine" in client.get("/", follow=True).content.decode()
        assert is_shown is is_open


def test_unexpected_error_is_a_500_without_internals(incident, actor, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(incident_detail, "incident_for", broken)
    client = _signed_in(actor, raise_request_exception=False)
    assert "secret" not in _is_nice(client.get(f"/incidents/{incident.reference}"), 500)


def test_htmx_gets_a_toast_message_and_nothing_to_swap(incident, make_actor):
    viewer = _signed_in(make_actor("viewer"))
    response = viewer.post(f"/incidents/{incident.reference}/resolve", headers={"HX-Request": "true"})
    assert response.status_code == 403
    assert response["HX-Reswap"] == "none"
    assert "viewer" in json.loads(response["HX-Trigger"])["tocsin:problem"]["message"].lower()


@pytest.mark.parametrize("path", ["/incidents/INC-999", "/nowhere"])
def test_error_page_has_the_navigation_for_signed_in_users(incident, actor, path):
    assert 'aria-label="Main"' in _is_nice(_signed_in(actor).get(path), 404)
    assert 'aria-label="Main"' not in Client().get("/nowhere").content.decode()


def test_address_of_forms_is_a_405_that_leads_on(incident, actor):
    response = _signed_in(actor).get("/incidents/bulk")
    assert "Nothing was changed" in _is_nice(response, 405)
    assert response["Allow"] == "POST"
