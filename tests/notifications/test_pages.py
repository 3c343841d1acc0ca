"""Every page and API operation of notifications, as an admin uses them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from notifications.channels.models import Channel
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, store, to_channel
from notifications.routes.models import Route
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
KINDS = {
    "webhook": {"url": "https://example.com/hook"},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T/B/x"},
    "pagerduty": {"routing_key": "0123456789abcdef0123456789abcdef"},
    "email": {"to": "ops@example.com"},
    "log": {},
    "apprise": {"url": "discord://123456/abcdef"},
}


@pytest.fixture
def here(outside, channel, admin):
    """A webhook that works, an incident, and one delivery to the webhook."""
    made = channel("webhook", name="Hook")
    incident = declare_incident(admin, title="Down", severity="sev1")
    snapshot = {"incident_id": incident.pk, "number": incident.number, "title": "Down", "severity": "sev1"}
    fact = Fact(admin.workspace_id, "one", "incident.opened", {"snapshot": snapshot})
    store([to_channel(fact, made, "", priority=0, why="Route: All")])
    return SimpleNamespace(
        page=browser_for(admin), channel=made, delivery=Delivery.across_workspaces.get(), incident=incident,
        actor=admin,
    )  # fmt: skip


def test_channels_are_listed_with_all_kinds(here):
    page = here.page.get("/settings/channels")
    assert page.status_code == 200
    assert "Hook" in page.text
    assert all(f"/settings/channels/new/{kind}" in page.text for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_channel_of_each_kind_is_added_on_its_page(admin, kind):
    browser, address = browser_for(admin), f"/settings/channels/new/{kind}"
    assert "Create channel" in browser.get(address).text
    assert browser.post(address, {}).status_code == 422
    reply = browser.post(address, {"name": "Mine", "fallback": ""} | KINDS[kind])
    made = Channel.across_workspaces.get()
    if kind == "webhook":
        assert (reply.status_code, reply["Cache-Control"]) == (201, "no-store")
        assert re.search(r"whsec_[\w+/=]{32,}", reply.text)
    else:
        assert (reply.status_code, reply["Location"]) == (303, f"/settings/channels/{made.pk}")
    assert (made.name, made.kind) == ("Mine", kind)
    shown = browser.get(f"/settings/channels/{made.pk}").text
    assert not re.search(r"whsec_[\w+/=]{32,}", shown)
    assert "0123456789abcdef" not in shown


def test_channel_is_changed_and_deleted_on_its_page(here, channel):
    spare = channel("log", name="Spare")
    address = f"/settings/channels/{here.channel.pk}"
    wrong = here.page.post(address, {"name": "Hook", "url": "ftp://x", "enabled": "on"})
    assert wrong.status_code == 422
    assert "egin with https://" in wrong.text
    form = {"name": "Hooked", "url": "https://example.com/", "fallback": spare.pk, "enabled": "on"}
    assert here.page.post(address, form)["Location"] == "/settings/channels"
    here.channel.refresh_from_db()
    assert (here.channel.name, here.channel.fallback) == ("Hooked", spare)
    assert here.page.post(f"{address}/delete").status_code == 303
    assert here.page.get(address).status_code == 404


def test_test_shows_each_step_and_what_was_refused(here, outside):
    address = f"/settings/channels/{here.channel.pk}/test"
    page = here.page.post(address)
    assert (page.status_code, len(outside.webhook.received)) == (200, 1)
    assert re.search(r"status 200, \d+ ms", page.text)
    here.page.post(
        f"/settings/channels/{here.channel.pk}",
        {"name": "Hook", "url": "http://127.0.0.1:9/", "enabled": "on"},
    )
    assert "Failed" in here.page.post(address).text


def test_routes_are_customized_edited_and_deleted_on_their_pages(here):
    page = here.page
    assert "These are the default routes" in page.get("/settings/routes").text
    assert page.post("/settings/routes/customize").status_code == 303
    assert page.get("/settings/routes/new").status_code == 200
    assert page.post("/settings/routes/new", {"name": "x", "label": "no-sign"}).status_code == 422
    form = {
        "name": "Mine", "severities": ["sev1"], "event_kinds": ["incident.opened"], "components": "web, api",
        "label": "team=web", "channels": [here.channel.pk], "kinds": ["log"], "enabled": "on",
    }  # fmt: skip
    assert page.post("/settings/routes/new", form).status_code == 303
    mine = Route.across_workspaces.get(name="Mine")
    assert (mine.components, mine.channels.get(), mine.kinds) == (["api", "web"], here.channel, ["log"])
    shown = page.get(f"/settings/routes/{mine.pk}").text
    assert 'value="api, web"' in shown
    assert page.post(f"/settings/routes/{mine.pk}", form | {"name": "Ours"}).status_code == 303
    assert "Ours" in page.get("/settings/routes").text
    assert page.post(f"/settings/routes/{mine.pk}/delete").status_code == 303
    assert not Route.across_workspaces.filter(pk=mine.pk).exists()


def test_preview_lists_the_recipients(here):
    form = {"severity": "sev1", "event_kind": "incident.opened", "components": "web"}
    assert re.search(r"<li><strong[^>]*>Hook</strong>.*Page", here.page.get("/settings/routes", form).text)
    shown = here.page.get("/settings/routes", form | {"severity": "sev4"}).text
    assert "No channel. Create a channel" in shown
    assert here.page.get("/settings/routes", {"severity": "sev9"}).status_code == 200


def test_deliveries_are_listed_narrowed_opened_and_resent(here):
    page, one = here.page, here.delivery
    link = f'href="/settings/deliveries/{one.pk}"'
    assert link in page.get("/settings/deliveries").text
    assert link in page.get("/settings/deliveries", {"outcome": "pending", "incident": "INC-1"}).text
    assert link not in page.get("/settings/deliveries", {"outcome": "sent"}).text
    assert link not in page.get("/settings/deliveries", {"cursor": one.pk}).text
    assert page.get("/settings/deliveries", {"outcome": "eaten"}).status_code == 422
    assert "No attempts." in page.get(f"/settings/deliveries/{one.pk}").text
    assert page.post(f"/settings/deliveries/{one.pk}/resend").status_code == 409
    Delivery.across_workspaces.update(state="done", outcome="sent")
    reply = page.post(f"/settings/deliveries/{one.pk}/resend")
    copy = Delivery.across_workspaces.get(resend_of=one)
    assert (reply.status_code, reply["Location"]) == (303, f"/settings/deliveries/{copy.pk}")


def test_incident_shows_its_deliveries(here):
    shown = here.page.get(f"/incidents/INC-{here.incident.number}").text
    assert f'href="/settings/deliveries/{here.delivery.pk}"' in shown


def test_contact_method_is_added_verified_and_removed_on_its_page(outside, actor):
    page, address = browser_for(actor), "/settings/contacts"
    assert "Nothing can page you" in page.get(address).text
    assert page.post(address, {"kind": "email", "address": "nowhere"}).status_code == 422
    assert page.post(address, {"kind": "email", "address": "me@example.com"}).status_code == 303
    method = ContactMethod.across_workspaces.get()
    code = re.match(r"\d{6}", outside.mailbox.messages[-1]["Subject"]).group()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused = page.post(f"{address}/{method.pk}/verify", {"code": wrong}, follow=True)
    assert "is not the one that was sent" in refused.text
    again = page.post(f"{address}/{method.pk}/code", follow=True)
    assert "less than a minute ago" in again.text
    assert page.post(f"{address}/{method.pk}/verify", {"code": code}).status_code == 303
    shown = page.get(address).text
    assert "Verified" in shown
    assert "Nothing can page you" not in shown
    assert page.post(f"{address}/{method.pk}/remove").status_code == 303
    assert not ContactMethod.across_workspaces.exists()


def test_quiet_hours_are_set_and_cleared_on_the_page(actor):
    page, address = browser_for(actor), "/settings/contacts/quiet"
    assert page.post(address, {"quiet_from": "22:00", "quiet_until": ""}).status_code == 422
    assert page.post(address, {"quiet_from": "22:00", "quiet_until": "07:00"}).status_code == 303
    assert 'value="22:00' in page.get("/settings/contacts").text
    assert page.post(address, {"quiet_from": "", "quiet_until": ""}).status_code == 303
    assert 'value="22:00' not in page.get("/settings/contacts").text


def test_verified_method_with_the_address_of_the_account_proves_it(outside, actor):
    page = browser_for(actor)
    person = User.objects.get(pk=actor.user_id)
    page.post("/settings/contacts", {"kind": "email", "address": person.email.upper()})
    code = re.match(r"\d{6}", outside.mailbox.messages[-1]["Subject"]).group()
    method = ContactMethod.across_workspaces.get()
    page.post(f"/settings/contacts/{method.pk}/verify", {"code": code})
    person.refresh_from_db()
    assert person.address_proven_at is not None


def test_channels_over_the_api(here, outside):
    call, json = here.page, {"content_type": "application/json"}
    body = {"kind": "webhook", "name": "Two", "config": {"url": f"{outside.webhook.url}/two"}}
    made = call.post("/api/v1/channels", body, **json)
    assert made.status_code == 201
    assert made.json()["signing_secret"].startswith("whsec_")
    address = f"/api/v1/channels/{made.json()['id']}"
    assert "signing_secret" not in call.get(address).json()
    assert call.patch(address, {"enabled": False}, **json).json()["enabled"] is False
    assert [step["ok"] for step in call.post(f"{address}/test").json()] == [True, True, True]
    assert {one["name"] for one in call.get("/api/v1/channels").json()} == {"Hook", "Two"}
    assert call.post("/api/v1/channels", body | {"kind": "fax"}, **json).status_code == 422
    assert call.delete(address).status_code == 204


def test_routes_and_the_preview_over_the_api(here):
    assert [one["severities"] for one in here.page.get("/api/v1/routes").json()]
    shown = here.page.get("/api/v1/routes/preview", {"severity": "sev1", "component": "web"}).json()
    assert [(one["name"], one["is_page"]) for one in shown] == [("Hook", True)]


def test_routes_are_written_over_the_api(here):
    call, json, address = here.page, {"content_type": "application/json"}, "/api/v1/routes"
    assert {one["id"] for one in call.get(address).json()} == {None}
    customized = call.post(f"{address}/customize").json()
    assert [one["id"] for one in call.post(f"{address}/customize").json()] == [
        one["id"] for one in customized
    ]
    body = {"name": "Mine", "severities": ["sev3"], "event_kinds": ["incident.role_offered"]}
    made = call.post(address, body | {"channel_ids": [here.channel.pk]}, **json)
    assert (made.status_code, made.json()["channel_ids"]) == (201, [here.channel.pk])
    one = f"{address}/{made.json()['id']}"
    changed = call.put(one, {"name": "Ours", "enabled": False}, **json).json()
    assert (changed["name"], changed["severities"], changed["enabled"]) == ("Ours", [], False)
    assert call.put(one, body | {"severities": ["sev9"]}, **json).status_code == 422
    assert call.delete(one).status_code == 204
    assert call.delete(one).status_code == 404


def test_contact_methods_and_quiet_hours_over_the_api(outside, actor):
    call, json, address = browser_for(actor), {"content_type": "application/json"}, "/api/v1/me"
    body = {"kind": "email", "address": "me@example.com"}
    made = call.post(f"{address}/contact-methods", body, **json)
    assert (made.status_code, made.json()["hint"]) == (201, "me…@example.com")
    one = f"{address}/contact-methods/{made.json()['id']}"
    assert call.post(f"{one}/code").status_code == 409
    code = re.match(r"\d{6}", outside.mailbox.messages[-1]["Subject"]).group()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert call.post(f"{one}/verify", {"code": wrong}, **json).status_code == 422
    assert call.post(f"{one}/verify", {"code": code}, **json).json()["verified_at"]
    assert [row["id"] for row in call.get(f"{address}/contact-methods").json()] == [made.json()["id"]]
    hours = {"quiet_from": "22:00:00", "quiet_until": "07:00:00"}
    assert call.put(f"{address}/quiet-hours", hours, **json).json() == hours
    assert call.get(f"{address}/quiet-hours").json() == hours
    assert call.put(f"{address}/quiet-hours", {"quiet_from": "22:00"}, **json).status_code == 422
    assert call.put(f"{address}/quiet-hours", {}, **json).json()["quiet_from"] is None
    assert call.delete(one).status_code == 204
    assert call.get(f"{address}/contact-methods").json() == []


def test_deliveries_over_the_api(here):
    call, one = here.page, here.delivery
    [found] = call.get("/api/v1/deliveries", {"incident": here.incident.number}).json()
    assert (found["to"], found["outcome"], found["why"]) == ("Hook", "pending", "Route: All")
    assert call.get(f"/api/v1/deliveries/{one.pk}").json()["log"] == []
    assert call.get("/api/v1/deliveries", {"outcome": "eaten"}).status_code == 422
    assert call.post(f"/api/v1/deliveries/{one.pk}/resend").status_code == 409
    Delivery.across_workspaces.update(state="dead", outcome="dead")
    assert call.post(f"/api/v1/deliveries/{one.pk}/resend").json()["id"] == one.pk
