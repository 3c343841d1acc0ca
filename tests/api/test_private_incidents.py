"""A private incident and everything that belongs to it, over every address, for who may not see it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.actor import SEES_ALL, Actor, system_actor
from accounts.audit.services import record
from accounts.models import Role, User, Workspace
from accounts.tokens.services import issue_token
from bundles.models import Bundle
from core.errors import Conflict, NotFound
from core.live.hub import Hub, Listener, Stream
from core.live.subscribers import signal_open_pages
from core.models import OutboxEvent
from core.queue.nudge import valkey
from core.ui.panels import PANELS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import edit_incident
from incidents.links.services import relate_incidents
from incidents.models import Incident, InvitedPerson, TimelineEntry
from incidents.privacy.selectors import seen_by
from incidents.privacy.services import invite_person, remove_person, set_private
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from notifications.channels.services import create_channel
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, plan_event, plan_page
from notifications.routes.services import RouteValues, save_route
from postmortems.action_items.models import ActionItem
from postmortems.documents.models import Postmortem
from postmortems.learning.models import Lesson
from tests.api.bodies import body_of
from tests.api.test_route_matrix import API, PAGES, Tenants, address_of, call, make_tenants
from tests.tables import every

pytestmark = pytest.mark.django_db
# Names of the incident's objects in addresses.
OF_THE_INCIDENT = ("{reference}", "{run_id}", "{bundle_id}", "{item}", "{lesson_id}", "{delivery_id}")
TRACES = re.compile(rb"Hushed|INC-1\b|/incidents/1\b|ACT-1\b")
PRIVATE_PAGES = [
    route for route, kind in PAGES.items()
    if kind in {"incident", "act"} and not route.startswith(("components", "drills"))
]  # fmt: skip


@pytest.fixture(scope="module")
def tenants(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Tenants]:
    with django_db_blocker.unblock(), transaction.atomic():
        found = make_tenants()
        _hush(Workspace.objects.get(slug="acme"))
        yield found
        transaction.set_rollback(True)


def _hush(workspace: Workspace) -> None:
    system, pk = system_actor(workspace.pk), workspace.pk
    edit_incident(system, number=1, title="Hushed", impact="Hushed", description="Hushed")
    incident = Incident.objects.of(pk).get(number=1)
    Postmortem.objects.of(pk).update(title="Hushed")
    ActionItem.objects.of(pk).update(title="Hushed")
    Lesson.objects.of(pk).update(lesson="Hushed", category="Hushed")
    Bundle.objects.of(pk).update(incident=incident, summary="Hushed")
    Delivery.objects.of(pk).update(incident_id=incident.pk, incident_number=1, label="Hushed")
    add_entry(system, number=1, kind=EntryKind.NOTE, message="Hushed")
    record(system, action="postmortem.edit", target=Postmortem.objects.of(pk).get(), summary="Hushed")
    set_private(system, number=1, is_private=True, reason="Hushed")


@pytest.mark.parametrize(("method", "path"), API, ids=lambda part: part)
def test_operation_shows_an_outsider_no_trace(tenants, method, path):
    row, address = API[method, path], path.format(**tenants.where)
    is_about_it = any(name in path for name in OF_THE_INCIDENT)
    for role in ("responder", "manager"):
        response = call(tenants.browsers[role], method, address, row)
        assert response.status_code < 500
        if is_about_it:
            assert response.status_code in {403, 404}, (role, body_of(response))
        mentioned = re.findall(rb"INC-1\b|ACT-1\b", address.encode())
        body = body_of(response)
        for word in {
            *mentioned,
            b"no INC-1",
            b'"incident": "INC-1", "outcome": "refused"',
        }:  # as the request named it
            body = body.replace(word, b"")
        assert not TRACES.search(body.replace(address.encode(), b"")), body


@pytest.mark.parametrize("route", every(2, (route for route, kind in PAGES.items() if kind != "staff")))
def test_page_shows_an_outsider_no_trace(tenants, route):
    browser, address = tenants.browsers["manager"], address_of(route)
    response = browser.get(address)
    assert response.status_code < 500 or route == "readyz"
    if route in PRIVATE_PAGES:
        assert response.status_code in {404, 405}, response.status_code
        assert browser.post(address).status_code in {404, 405}
    body = body_of(response).replace(address.encode(), b"")
    for word in (b"no INC-1", b"INC-1 or", b"no ACT-1"):
        body = body.replace(word, b"")
    assert b"Hushed" not in body
    assert not re.search(rb'href="/(incidents|postmortems)/INC-1["/?]', body)


@pytest.mark.parametrize("name", sorted(panel.name for panel in PANELS))
def test_panel_shows_an_outsider_no_trace(tenants, name):
    response = tenants.browsers["responder"].get(f"/panels/{name}", {"key": "1"})
    assert response.status_code < 500
    assert not re.search(rb"Hushed|INC-1\b", response.content.replace(b"no INC-1", b"")), response.content


@pytest.mark.parametrize(
    "address",
    ["/find?q=Hushed", "/find?q=INC-1", "/api/v1/incidents?q=Hushed", "/incidents/similar?title=Hushed",
     "/settings/audit.csv", "/activity", "/analytics.csv", "/incidents/export?format=json",
     "/incidents/export?format=csv&pick=1", "/action-items/export.csv", "/lessons?q=Hushed",
     "/components/api"],
)  # fmt: skip
def test_searches_and_files_show_an_outsider_no_trace(tenants, address):
    for role in ("viewer", "responder", "manager"):
        body = body_of(tenants.browsers[role].get(address, follow=True))
        shown = re.search(rb'dir="auto">Hushed|Hushed,|[^=]"Hushed"', body.replace(b"<span", b""))
        assert not shown, body
        assert b'/incidents/INC-1"' not in body


def test_admin_and_who_is_invited_see_it_as_any_other(tenants):
    acme = Workspace.objects.get(slug="acme")
    for browser in (tenants.browsers["admin"], tenants.browsers["responder"]):
        invite_person(system_actor(acme.pk), number=1, username="responder.of.acme")
        assert b"Hushed" in browser.get("/incidents/INC-1").content
        assert b"Hushed" in browser.get("/incidents").content
    assert b"Private" in tenants.browsers["responder"].get("/incidents/INC-1").content


def test_counts_leave_out_what_an_outsider_may_not_see(tenants):
    seen = {
        role: json.loads(body_of(tenants.browsers[role].get("/api/v1/incidents")))
        for role in tenants.browsers
    }
    assert len(seen["admin"]) == len(seen["manager"]) + 1
    figures = {
        role: json.loads(body_of(tenants.browsers[role].get("/api/v1/analytics")))["total_incidents"]
        for role in ("admin", "manager")
    }
    assert figures["admin"] == figures["manager"] + 1


def test_token_sees_only_private_incidents_it_declared(tenants):
    acme = Workspace.objects.get(slug="acme")
    scopes = ["incidents:read", "incidents:write"]
    texts = [issue_token(system_actor(acme.pk), name=name, scopes=scopes).text for name in "ab"]
    mine, other = (Client(headers={"authorization": f"Bearer {text}"}) for text in texts)
    body = {"title": "Leak", "is_private": True}
    made = mine.post("/api/v1/incidents", body, content_type="application/json").json()
    assert made["is_private"]
    address = f"/api/v1/incidents/{made['number']}"
    assert mine.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert other.post(f"{address}/acknowledge", {}, content_type="application/json").status_code == 404
    assert mine.get(f"{address}/access").json()["invited"][0]["reason"] == "declared"


@pytest.fixture
def acme(tenants: Tenants, db: None) -> Workspace:
    return Workspace.objects.get(slug="acme")


def _actor(acme: Workspace, role: str) -> Actor:
    user = User.objects.get(username=f"{role}.of.acme")
    return Actor(acme.pk, "user", user.label, user_id=user.pk, role=Role(role))


def test_people_see_it_once_they_get_a_role_or_a_page(acme):
    responder, manager = _actor(acme, "responder"), _actor(acme, "manager")
    made = declare_incident(responder, title="Quiet", is_private=True)
    with pytest.raises(NotFound):
        assign_role(manager, number=made.number, username="manager.of.acme")
    assign_role(responder, number=made.number, username="manager.of.acme")
    assert seen_by(manager).filter(pk=made.pk).exists()
    viewer = _actor(acme, "viewer")
    snapshot = {"incident_id": made.pk, "is_private": True}
    page = {"event_key": "x", "event_kind": "page", "payload": {"snapshot": snapshot}, "why": "test"}
    plan_page(acme.pk, user_id=viewer.user_id, **page)
    assert seen_by(viewer).filter(pk=made.pk).exists()
    reasons = InvitedPerson.objects.of(acme.pk).filter(incident=made).order_by("id")
    assert list(reasons.values_list("reason", flat=True)) == ["declared", "role", "paged"]


def test_invitations_are_revoked_except_of_role_holders(acme):
    responder, manager = _actor(acme, "responder"), _actor(acme, "manager")
    made = declare_incident(responder, title="Quiet", is_private=True)
    invite_person(responder, number=made.number, username="manager.of.acme")
    assert invite_person(responder, number=made.number, username="manager.of.acme").version == made.version
    assign_role(responder, number=made.number, username="manager.of.acme")
    with pytest.raises(Conflict, match="holds a role"):
        remove_person(responder, number=made.number, username="manager.of.acme")
    assign_role(responder, number=made.number, username=None)
    remove_person(responder, number=made.number, username="manager.of.acme")
    assert not seen_by(manager).filter(pk=made.pk).exists()
    with pytest.raises(Conflict, match="yourself"):
        remove_person(responder, number=made.number, username="responder.of.acme")


def test_making_it_private_later_preserves_the_participants(acme):
    responder, manager = _actor(acme, "responder"), _actor(acme, "manager")
    made = declare_incident(responder, title="Open first")
    set_private(manager, number=made.number, is_private=True)
    for one in (responder, manager):
        assert seen_by(one).filter(pk=made.pk).exists()
    assert not seen_by(_actor(acme, "viewer")).filter(pk=made.pk).exists()
    set_private(responder, number=made.number, is_private=False)
    assert seen_by(_actor(acme, "viewer")).filter(pk=made.pk).exists()


def test_link_leaves_no_trace_in_the_incident_that_all_see(acme):
    responder = _actor(acme, "responder")
    hidden = declare_incident(responder, title="Quiet", is_private=True)
    shown = declare_incident(responder, title="Loud")
    relate_incidents(responder, number=shown.number, other=hidden.number)
    entries = TimelineEntry.objects.of(acme.pk)
    assert not entries.filter(incident=shown, message__contains="Quiet").exists()
    assert entries.filter(incident=hidden, message__contains="Loud").exists()


def test_no_channel_is_notified_of_it(acme):
    snapshot = {"incident_id": 1, "number": 1, "severity": "sev1", "is_private": True, "components": []}
    system = system_actor(acme.pk)
    channel = create_channel(system, kind="log", name="Everything")
    save_route(system, RouteValues(name="Everything", channel_ids=[channel.pk]))
    before = Delivery.objects.of(acme.pk).count()
    fact = Fact(acme.pk, "private", "incident.opened", {"snapshot": snapshot})
    assert plan_event(fact) == 0
    assert Delivery.objects.of(acme.pk).count() == before
    public = {**snapshot, "is_private": False}
    assert plan_event(Fact(acme.pk, "public", "incident.opened", {"snapshot": public})) > 0


async def test_live_signals_reach_only_people_who_may_see_it():
    async def no_session(cookie):
        return Listener(1, 0)

    hub, topics = Hub(no_session), frozenset({"incidents"})
    outsider, invited, admin = (Stream(Listener(1, key), topics, b"") for key in (7, 8, SEES_ALL))
    hub.streams[1].update((outsider, invited, admin))
    signal = {"workspace": 1, "topics": ["incidents", "incident:9"], "version": 3, "viewers": [8]}
    hub.deliver(json.dumps(signal).encode())
    assert [bool(one.pending) for one in (outsider, invited, admin)] == [False, True, True]
    late = Stream(Listener(1, 7), topics, b"")
    assert hub._just_now(late) == frozenset()
    assert hub._just_now(invited) == topics | {"incident:9"}


def test_event_about_it_names_the_allowed_readers(acme):
    responder = _actor(acme, "responder")
    made = declare_incident(responder, title="Quiet", is_private=True)
    event = OutboxEvent.objects.filter(topic="incident.opened").latest("pk")
    assert event.payload["snapshot"]["incident_id"] == made.pk
    assert event.payload["snapshot"]["viewers"] == [responder.user_id]
    with valkey().pubsub(ignore_subscribe_messages=True) as inbox:
        inbox.subscribe(f"tocsin:live:{acme.pk}")
        inbox.get_message(timeout=2)
        signal_open_pages(event)
        message = None
        while message is None:
            message = inbox.get_message(timeout=2)
    assert json.loads(message["data"])["viewers"] == [responder.user_id]
