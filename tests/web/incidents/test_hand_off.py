"""Handing a role off in the browser, without JavaScript: offered, seen, accepted, declined, expired."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.correlation.services.opening import declare_incident
from incidents.handoff.models import RoleOffer
from incidents.lifecycle.services.responding import edit_incident
from incidents.roles.services import assign_role
from incidents.selectors import incident_for

URL = "/incidents/INC-1"


def browser(who):
    client = Client()
    user = User.objects.get(pk=who.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def nina(make_actor):
    return make_actor("responder", username="nina.new")


@pytest.fixture
def offered(actor, nina):
    """INC-1 of Rita, its commander's role offered to Nina."""
    declare_incident(actor, title="Checkout is down", severity="sev2")
    edit_incident(actor, number=1, impact="No card payments")
    assign_role(actor, number=1, user_id=actor.user_id)
    reply = browser(actor).post(f"{URL}/hand-off", {"role": "commander", "username": "nina.new"})
    assert (reply.status_code, reply["Location"]) == (303, URL)
    return RoleOffer.objects.of(actor.workspace_id).get()


def commander(actor):
    return incident_for(actor, 1).commander_username


def respond(who, offer, word):
    return browser(who).post(f"{URL}/offer-answer", {"offer": offer.pk, "accept": word})


@pytest.mark.parametrize("path", ["/", URL])
def test_newcomer_sees_the_state_and_can_accept(actor, nina, offered, path):
    page = browser(nina).get(path).content.decode()
    assert "offers you commander of" in page
    assert "No card payments" in page
    assert 'name="accept" value="yes"' in page
    assert respond(nina, offered, "yes").status_code == 303
    assert commander(actor) == "nina.new"
    assert "offers you" not in browser(nina).get(path).content.decode()


def test_holder_can_withdraw_but_not_accept(actor, offered):
    page = browser(actor).get(URL).content.decode()
    assert "Withdraw" in page
    assert 'name="accept" value="yes"' not in page
    respond(actor, offered, "no")
    assert RoleOffer.objects.of(actor.workspace_id).get().answer == "withdrawn"


@pytest.mark.parametrize("path", ["/", URL])
def test_holder_is_notified_of_a_declined_offer(actor, nina, offered, path):
    respond(nina, offered, "no")
    assert "declined. You hold the role." in browser(actor).get(path).content.decode()
    assert "You hold the role." not in browser(nina).get(path).content.decode()
    assert commander(actor) == "rita.responder"


def test_holder_is_notified_of_an_expired_offer(actor, offered):
    at = offered.expires_at
    with time_machine.travel(at, tick=False):
        run_due(CLOCKS, at=at)
        page = browser(actor).get(URL).content.decode()
    assert "did not accept within 10 minutes" in page


def test_response_after_expiry_is_refused_with_the_reason(nina, offered):
    with time_machine.travel(offered.expires_at + timedelta(seconds=1), tick=False):
        reply = respond(nina, offered, "yes")
    assert reply.status_code == 409
    assert "expired already" in reply.content.decode()


def test_offer_by_a_user_without_the_role_is_refused(nina, offered, make_actor):
    make_actor("responder", username="otto.other")
    reply = browser(nina).post(f"{URL}/hand-off", {"role": "commander", "username": "otto.other"})
    assert reply.status_code == 409


def test_roles_show_history_and_instructions(actor, nina, offered):
    respond(nina, offered, "yes")
    page = browser(actor).get("/panels/incident.roles?key=1").content.decode()
    assert page.count("nina.new") + page.count("Nina") >= 1
    assert "Hand the role off before you leave." in page
