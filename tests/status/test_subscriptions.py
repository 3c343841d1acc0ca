"""Subscribers: confirmed first, notified once, removed by one click; scanners change nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib import import_module
from ipaddress import ip_network
from types import SimpleNamespace

import orjson
import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone

from core.errors import RateLimited
from incidents.correlation.services.opening import declare_incident
from incidents.privacy.services import set_private
from status.pages.services.components import add_component, change_component, remove_component
from status.pages.services.pages import put_page
from status.publishing.services.incidents import post_public_update, publish_incident, withdraw_incident
from status.subscriptions.models import SubscriberMessage
from status.subscriptions.selectors import subscribers_of
from status.subscriptions.sending import mail_of, webhook_body
from status.subscriptions.services.subscribing import subscribe
from status.subscriptions.tokens import link_token
from tests.fakes.receiver import Receiver, Reply, running
from tests.status.scenario import link_in


@pytest.fixture(autouse=True)
def _mail(settings):
    settings.MAIL_FROM = "status@acme.test"


def confirmed(scenario, **given):
    scenario.build()
    scenario.subscribe(**given)
    scenario.deliver()
    link = link_in(mail.outbox[-1].body, "confirm")
    mail.outbox.clear()
    assert scenario.outsider.post(link).status_code == 200


def test_nothing_is_sent_before_the_address_is_confirmed(scenario):
    scenario.build()
    assert scenario.subscribe().status_code == 200
    scenario.deliver()
    link = link_in(mail.outbox[0].body, "confirm")
    for _ in range(3):  # a scanner opens every link
        assert scenario.outsider.get(link).status_code == 200
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    scenario.deliver()
    assert len(mail.outbox) == 1
    assert scenario.subscribers().get().subscriber_state == "pending"


def test_confirmed_subscriber_hears_of_each_update_once_and_leaves_by_one_click(scenario):
    confirmed(scenario)
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    scenario.build()
    scenario.deliver()
    post_public_update(scenario.actor, number=scenario.incident.number, message="Half fixed.")
    scenario.build()
    scenario.deliver()
    assert [m.subject for m in mail.outbox] == ["[Acme] Investigating: Problem with Checkout"] * 2
    headers = mail.outbox[1].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = link_in(headers["List-Unsubscribe"], "unsubscribe").rstrip(">")
    assert scenario.outsider.get(link).status_code == 200
    assert scenario.subscribers().get().subscriber_state == "confirmed"
    assert scenario.outsider.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert scenario.subscribers().get().subscriber_state == "ended"
    post_public_update(scenario.actor, number=scenario.incident.number, message="All fixed.")
    scenario.build()
    scenario.deliver()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("act", ["withdrawn", "private"])
def test_planned_message_about_what_is_off_the_page_is_not_sent(scenario, act):
    confirmed(scenario)
    number = scenario.incident.number
    publish_incident(scenario.actor, number=number)
    scenario.build()
    if act == "private":
        set_private(scenario.actor, number=number, is_private=True, reason="Personal data")
    else:
        withdraw_incident(scenario.actor, number=number)
    scenario.deliver()
    assert mail.outbox == []
    assert set(scenario.messages().values_list("state", flat=True)) == {"done"}


def test_one_click_needs_no_sign_in_on_a_page_for_named_domains(scenario):
    confirmed(scenario)
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    scenario.deliver()
    link = link_in(mail.outbox[-1].body, "unsubscribe")
    put_page(scenario.admin, values={"access": "domains", "domains": ["partner.example"]})
    scenario.build()
    assert scenario.get().status_code == 303
    assert scenario.outsider.get("/status/acme/subscribe").status_code == 303
    assert scenario.outsider.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert scenario.subscribers().get().subscriber_state == "ended"


def test_response_is_the_same_for_a_known_address_and_mails_are_limited(scenario):
    confirmed(scenario)
    bodies = [scenario.subscribe().content]
    bodies.append(scenario.subscribe(address="new@example.org").content)
    assert bodies[0] == bodies[1]
    for _ in range(4):
        scenario.subscribe()
    assert scenario.messages().filter(subscriber__digest=scenario.subscribers().first().digest).count() <= 3
    assert scenario.subscribe(address="third@example.org").status_code == 429


def test_address_that_is_none_is_refused(scenario):
    scenario.build()
    assert scenario.subscribe(address="nobody").status_code == 422
    assert scenario.subscribe(address="http://plain.example/x", kind="webhook").status_code == 422
    for n, url in enumerate(("a@[::1", "", "me:pw@x.example/", "x.example/\x07", "x.example:x/")):
        assert (
            scenario.subscribe(address=f"https://{url}", kind="webhook", network=f"203.0.113.{n}").status_code
            == 422
        )
    assert scenario.outsider.post("/status/acme/confirm/forged:token").status_code == 410
    assert scenario.subscribers().count() == 0


def test_subscriber_of_one_component_hears_only_of_it(scenario):
    other = add_component(scenario.admin, values={"name": "Search"})
    confirmed(scenario, components=[other.public_id])
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    assert scenario.messages().filter(kind="update").count() == 0
    declared = declare_incident(scenario.actor, title="x", severity="sev2", components=["search-1"])
    change_component(scenario.admin, public_id=other.public_id, values={"component": "search-1"})
    publish_incident(scenario.actor, number=declared.number, title="Search is slow")
    scenario.build()
    scenario.build()
    scenario.deliver()
    assert [one.subject for one in mail.outbox] == ["[Acme] Investigating: Search is slow"]


def test_removed_component_is_not_replaced_by_all_others(scenario):
    other = add_component(scenario.admin, values={"name": "Billing"})
    confirmed(scenario, components=[other.public_id])
    remove_component(scenario.admin, public_id=other.public_id)
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    assert scenario.messages().filter(kind="update").count() == 0
    link = f"/status/acme/unsubscribe/{link_token('unsubscribe', scenario.subscribers().get())}"
    assert "The components that you chose were removed" in scenario.outsider.get(link).content.decode()
    [row] = subscribers_of(scenario.admin)
    assert (row.all_components, row.components) == (False, [])


def test_component_removed_before_the_confirmation_is_not_replaced_by_all_others(scenario):
    other = add_component(scenario.admin, values={"name": "Billing"})
    scenario.build()
    scenario.subscribe(components=[other.public_id])
    scenario.deliver()
    remove_component(scenario.admin, public_id=other.public_id)
    refused = scenario.outsider.post(link_in(mail.outbox[-1].body, "confirm"))
    assert (refused.status_code, scenario.subscribers().get().subscriber_state) == (410, "pending")
    late = scenario.subscribe(address="late@example.org", components=[other.public_id])
    assert (late.status_code, scenario.subscribers().count()) == (422, 1)
    assert "were removed from the page" in late.content.decode()


def test_reader_sees_what_the_subscription_is_for(scenario):
    other = add_component(scenario.admin, values={"name": "Search"})
    confirmed(scenario, components=[other.public_id])
    link = f"/status/acme/unsubscribe/{link_token('unsubscribe', scenario.subscribers().get())}"
    assert "You get updates on: Search." in scenario.outsider.get(link).content.decode()
    confirmed(scenario)
    assert "You get updates on all components." in scenario.outsider.get(link).content.decode()


def test_migration_keeps_the_choices_of_earlier_subscribers(scenario):
    confirmed(scenario, components=[scenario.component.public_id])
    confirmed(scenario, address="all@example.org")
    scenario.subscribers().update(all_components=True)
    import_module("status.migrations.0003_all_components").keep_choices(apps, None)
    rows = scenario.subscribers().order_by("pk")
    assert [one.all_components for one in rows] == [False, True]


def test_webhook_is_confirmed_by_its_receiver_and_gone_after_410(scenario, settings, monkeypatch):
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    monkeypatch.setattr("status.subscriptions.services.subscribing._clean_address", lambda kind, text: text)
    status = {"now": 204}
    with running(Receiver(lambda received: Reply(status=status["now"]))) as fake:
        scenario.build()
        scenario.subscribe(address=fake.url, kind="webhook")
        scenario.deliver()
        confirmation = orjson.loads(fake.received[0].body)
        assert confirmation["type"] == "subscription.confirm"
        assert confirmation["secret"].startswith("whsec_")
        scenario.outsider.post(link_in(confirmation["confirm_url"], "confirm"))
        publish_incident(scenario.actor, number=scenario.incident.number)
        scenario.build()
        scenario.deliver()
        payload = orjson.loads(fake.received[1].body)
        assert payload["incident"]["name"] == "Problem with Checkout"
        assert scenario.subscribers().get().subscriber_state == "confirmed"
        status["now"] = 410
        post_public_update(scenario.actor, number=scenario.incident.number, message="More.")
        scenario.build()
        scenario.deliver()
    assert scenario.subscribers().get().subscriber_state == "ended"


def test_messages_hold_only_what_the_page_shows(scenario):
    confirmed(scenario)
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    message = scenario.messages().filter(kind="update").select_related("subscriber__page").get()
    written = mail_of(message)
    everything = f"{written.subject}{written.body}{written.alternatives}{webhook_body(message)}"
    assert "pg-main-2" not in everything
    assert "INC-" not in everything


SUBSCRIBING = "status.subscriptions.services.subscribing"


@pytest.fixture
def counted(monkeypatch):
    """Limits whose windows never end, so that no hour or day begins within the test."""
    used = Counter()

    def charge(limit):
        used[limit.name] += 1
        if used[limit.name] > limit.most:
            raise RateLimited("The limit is reached.")

    monkeypatch.setattr(f"{SUBSCRIBING}.rate_limiter", lambda: SimpleNamespace(charge=charge))


def test_mails_are_limited_across_networks_and_spellings(
    scenario, counted, monkeypatch, make_actor, other_workspace
):
    monkeypatch.setattr(f"{SUBSCRIBING}.MAX_CONFIRMS_OF_A_SERVER_A_DAY", 2)
    monkeypatch.setattr(f"{SUBSCRIBING}.MAX_REQUESTS_OF_ALL_AN_HOUR", 12)
    scenario.build()
    for n in range(6):
        sent = scenario.subscribe(address=f"ann+{n}@example.org", network=f"198.51.100.{n}")
        assert sent.status_code == 200
        hook = scenario.subscribe(
            address=f"https://victim.example/{n}", kind="webhook", network=f"2001:db8:{n}::1"
        )
        assert hook.status_code == (200 if n < 2 else 429)
    kinds = [one.subscriber.kind for one in scenario.messages().select_related("subscriber")]
    assert (kinds.count("email"), kinds.count("webhook")) == (3, 2)
    assert scenario.subscribe(address="else@example.org", network="198.51.100.99").status_code == 429
    put_page(make_actor("admin", inside=other_workspace), values={"slug": "other", "title": "Other"})
    for kind, address in (("email", "ann@example.org"), ("webhook", "https://victim.example/1")):
        subscribe(other_workspace.pk, kind=kind, address=address, client="elsewhere")
    assert SubscriberMessage.objects.of(other_workspace.pk).count() == 2, "of a page that no one flooded"


def test_one_household_is_one_network_and_unconfirmed_rows_make_room(scenario, counted, monkeypatch):
    monkeypatch.setattr(f"{SUBSCRIBING}.MAX_SUBSCRIBERS", 5)
    scenario.build()
    statuses = [
        scenario.subscribe(address=f"a{n}@example.org", network=f"2001:db8:1:2::{n}").status_code
        for n in range(1, 7)
    ]
    assert statuses == [200] * 5 + [429]
    scenario.subscribe(address="late@example.org", network="203.0.113.5")
    assert scenario.subscribers().count() == 5, "all that may be"
    long_ago = timezone.now() - timedelta(days=3)
    scenario.messages().update(created_at=long_ago)
    scenario.subscribers().update(created_at=long_ago)
    scenario.subscribe(address="late@example.org", network="203.0.113.5")
    assert scenario.subscribers().count() == 1
