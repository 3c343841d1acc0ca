"""Handing a role off: always one holder, for any order of responses."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from core.errors import Conflict, Invalid, NotFound
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.handoff.models import RoleOffer
from incidents.handoff.services import OFFER_LASTS, answer_offer, offer_role
from incidents.roles.services import assign_role
from incidents.selectors import incident_for
from tests.incidents.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def nina(make_actor):
    return make_actor("responder", username="nina.new")


@pytest.fixture
def offer(actor, nina, declared):
    with time_machine.travel(NOW, tick=False):
        declared(severity="sev2")
        assign_role(actor, number=1, user_id=actor.user_id)
        return offer_role(actor, number=1, username="nina.new")


def commander(actor):
    return incident_for(actor, 1).commander_username


def respond(who, offer, *, accept=True, minutes=5):
    with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
        return answer_offer(who, number=1, offer_id=offer.pk, accept=accept)


def test_accepting_moves_the_role_once(actor, nina, offer):
    respond(nina, offer)
    respond(nina, offer, minutes=6)
    assert commander(actor) == "nina.new"


def test_offer_carries_a_card_of_the_state(offer):
    assert offer.card["severity"] == "sev2"
    assert set(offer.card["due"]) == {"acknowledge", "update", "resolve"}


@pytest.mark.parametrize("who", ["nina", "actor"])
def test_declined_or_withdrawn_offer_leaves_the_holder(request, actor, offer, who, timeline):
    respond(request.getfixturevalue(who), offer, accept=False)
    assert commander(actor) == "rita.responder"
    assert "The holder retains the role." in timeline(incident_for(actor, 1))[-1].message


def test_accepting_after_expiry_is_refused(actor, nina, offer):
    with pytest.raises(Conflict, match="expired"):
        respond(nina, offer, minutes=11)
    assert commander(actor) == "rita.responder"


def test_unanswered_offer_expires_with_an_event(actor, offer, published_topics):
    with time_machine.travel(NOW + OFFER_LASTS, tick=False):
        run_due(CLOCKS, at=NOW + OFFER_LASTS)
    offer.refresh_from_db()
    assert (offer.answer, commander(actor)) == (RoleOffer.Answer.EXPIRED, "rita.responder")
    assert published_topics().count("incident.role_offer_ended") == 1


def test_accepting_from_a_former_holder_is_refused(actor, nina, offer, make_actor):
    other = make_actor("responder", username="otto.other")
    assign_role(other, number=1, username="otto.other")
    with pytest.raises(Conflict, match="no longer holds"):
        respond(nina, offer)
    assert commander(actor) == "otto.other"


def test_second_offer_replaces_the_first(actor, nina, offer, make_actor):
    make_actor("responder", username="otto.other")
    with time_machine.travel(NOW, tick=False):
        second = offer_role(actor, number=1, username="otto.other")
        assert offer_role(actor, number=1, username="otto.other").pk == second.pk
    with pytest.raises(Conflict, match="withdrawn"):
        respond(nina, offer)


def test_offer_of_a_role_the_actor_does_not_hold_is_refused(nina, offer, make_actor):
    make_actor("responder", username="otto.other")
    with pytest.raises(Conflict, match="Only the commander"):
        offer_role(nina, number=1, username="otto.other")


def test_offer_to_oneself_is_refused(actor, offer):
    with pytest.raises(Invalid):
        offer_role(actor, number=1, username="rita.responder")


def test_offer_between_others_is_not_found(offer, make_actor):
    with pytest.raises(NotFound):
        respond(make_actor("responder", username="otto.other"), offer)
