"""Mentions in sections and comments: notified once, and only those who may see the incident."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from core.outbox.relay import relay_due
from incidents.privacy.services import set_private
from notifications.deliveries.models import Delivery
from postmortems.documents.comments import add_comment
from postmortems.documents.services import save_section
from postmortems.drafting.services import draft_postmortem
from postmortems.notices.mentions import names_in

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "went_well"


@pytest.fixture
def people(actor, make_actor, resolved, settings):
    settings.MAIL_FROM = "tocsin@example.test"
    made = {name: make_actor("responder", username=name) for name in ("ana.other", "theo")}
    User.objects.update(address_proven_at=timezone.now())
    draft_postmortem(actor, 1)
    return made


def notified(actor, kind="postmortem.mentioned"):
    relay_due()
    relay_due()
    rows = Delivery.objects.of(actor.workspace_id).filter(event_kind=kind)
    return sorted(rows.values_list("user__username", flat=True))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask @ana.other, then @Theo.", {"ana.other", "theo"}),
        ("Mail me@example.org or see https://x.test/@theo", set()),
        ("`@theo` and\n\n```\n@ana.other\n```\n", set()),
        ("```\n@theo", set()),
        ("(@theo)", {"theo"}),
        ("@@theo", set()),
    ],
    ids=["two", "addresses", "code", "open fence", "brackets", "doubled"],
)
def test_names_are_read_outside_of_code(text, names):
    assert names_in(text) == names


def test_mention_in_a_section_notifies_once_over_repeated_saves(actor, people):
    first = save_section(actor, 1, KEY, base_version=1, text="Ask @theo.")
    second = save_section(actor, 1, KEY, base_version=first.version, text="Ask @theo and @Ana.Other again.")
    third = save_section(actor, 1, KEY, base_version=second.version, text="Ask no one.")
    save_section(actor, 1, KEY, base_version=third.version, text="Ask @theo.")
    assert notified(actor) == ["ana.other", "theo"]


def test_own_name_and_unknown_names_notify_no_one(actor, people):
    own = User.objects.get(pk=actor.user_id).username
    save_section(actor, 1, KEY, base_version=1, text=f"@{own} @nobody.here")
    assert notified(actor) == []


def test_mention_in_a_comment_takes_the_place_of_its_notice(actor, people):
    add_comment(people["theo"], 1, section_key=KEY, body="I looked.")
    add_comment(actor, 1, section_key=KEY, body="Thanks @theo")
    assert notified(actor) == ["theo"]
    assert "theo" not in notified(actor, "postmortem.commented")


def test_private_incident_notifies_only_allowed_readers(admin, actor, people):
    set_private(admin, number=1, is_private=True, reason="Quiet")
    save_section(admin, 1, KEY, base_version=1, text="@ana.other @theo")
    assert notified(actor) == []
