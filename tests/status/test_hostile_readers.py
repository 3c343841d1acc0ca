"""Hostile readers, and programs that open every link: refused or harmless."""

from __future__ import annotations

import pytest
from django.core import mail

from core.errors import Invalid
from status.pages.services.pages import put_page
from status.publishing.services.incidents import publish_incident
from tests.status.scenario import link_in


@pytest.fixture(autouse=True)
def _mail(settings):
    settings.MAIL_FROM = "status@acme.test"


def test_scanner_that_opens_every_link_changes_nothing(scenario):
    scenario.build()
    scenario.subscribe()
    scenario.deliver()
    confirm = link_in(mail.outbox[-1].body, "confirm")
    for method in (scenario.outsider.get, scenario.outsider.head):
        assert method(confirm).status_code == 200
    assert scenario.subscribers().get().subscriber_state == "pending"
    scenario.outsider.post(confirm)
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    scenario.deliver()
    leave = link_in(mail.outbox[-1].body, "unsubscribe")
    for method in (scenario.outsider.get, scenario.outsider.head):
        assert method(leave).status_code == 200
    assert scenario.subscribers().get().subscriber_state == "confirmed"


def test_token_is_bound_to_its_action_and_page(scenario):
    scenario.build()
    scenario.subscribe()
    scenario.deliver()
    token = link_in(mail.outbox[-1].body, "confirm").rpartition("/")[2]
    assert scenario.outsider.post(f"/status/acme/unsubscribe/{token}").status_code == 410
    assert scenario.outsider.post(f"/status/acme/confirm/{token[:-1]}").status_code == 410
    assert scenario.outsider.post(f"/status/elsewhere/confirm/{token}").status_code == 404
    assert scenario.subscribers().get().subscriber_state == "pending"


def test_unconfirmed_mailbox_gets_at_most_three_mails_a_day(scenario):
    scenario.build()
    for number in range(8):
        assert (
            scenario.subscribe(address="victim@example.org", network=f"198.18.{number}.1").status_code == 200
        )
    scenario.deliver()
    assert [one.to for one in mail.outbox] == [["victim@example.org"]] * 3


def test_line_breaks_and_markup_in_what_outsiders_read_are_harmless(scenario):
    put_page(scenario.admin, values={"title": "<b>Acme</b>", "description": "<img src=x onerror=alert(1)>"})
    publish_incident(scenario.actor, number=scenario.incident.number, title="<script>alert(1)</script> & co")
    scenario.build()
    for form, body in scenario.forms().items():
        if not form.startswith("api/"):
            assert b"<script" not in body, form
            assert b"<img src=x" not in body, form
    assert scenario.json("incidents")["incidents"][0]["name"] == "<script>alert(1)</script> & co"
    assert scenario.get("api/v2/incidents.json")["X-Content-Type-Options"] == "nosniff"


def test_colour_and_logo_that_are_none_are_refused(scenario):
    with pytest.raises(Invalid):
        put_page(scenario.admin, values={"color": "red;}body{display:none"})
    with pytest.raises(Invalid):
        put_page(scenario.admin, values={"logo": b"<svg onload=alert(1)>"})
    with pytest.raises(Invalid):
        put_page(scenario.admin, values={"access": "domains", "domains": ["*"]})


def test_webhook_to_this_machine_is_not_called(scenario):
    scenario.build()
    assert scenario.subscribe(address="https://127.0.0.1:9/hook", kind="webhook").status_code == 200
    scenario.deliver()
    message = scenario.messages().get()
    assert (message.state, scenario.subscribers().get().subscriber_state) == ("dead", "pending")
