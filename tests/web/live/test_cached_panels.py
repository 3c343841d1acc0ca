"""Cached panels look the same to every viewer, and are rendered again after a change."""

from __future__ import annotations

import asyncio
import html

import pytest
from django import forms
from django.test import Client

from accounts.models import User
from config.runtime.boot import django_application
from core.ui.forms import LongSelect
from core.ui.panels import PANELS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Component

pytestmark = pytest.mark.django_db
CACHED = sorted(one.name for one in PANELS if one.is_cached)


@pytest.fixture
def look(workspace, make_actor):
    clients = {}

    def look(name, role="responder"):
        if role not in clients:
            actor = make_actor(role, username=f"kim.{role}")
            clients[role] = Client()
            clients[role].force_login(User.objects.get(pk=actor.user_id))
        return html.unescape(clients[role].get(f"/panels/{name}?key=").content.decode())

    return look


def test_some_panels_are_cached():
    assert "incidents.overview" in CACHED
    assert "incidents.activity" not in CACHED  # it shows relative times


@pytest.mark.parametrize("name", CACHED)
def test_cached_panel_has_nothing_of_its_first_viewer(name, look, actor):
    declare_incident(actor, title="Checkout fails", severity="sev2", components=["shop"])
    seen = {look(name, role) for role in ("viewer", "responder", "admin")}
    assert len(seen) == 1
    assert "csrf" not in seen.pop()


@pytest.mark.parametrize("name", CACHED)
def test_cached_panel_is_rendered_once(name, look, actor, monkeypatch):
    declare_incident(actor, title="Checkout fails", severity="sev2", components=["shop"])
    first = look(name)
    monkeypatch.setattr("core.ui.panels.render_to_string", lambda *_: pytest.fail("made again"))
    assert look(name, "admin") == first


def test_cached_panels_show_changes(look, actor):
    declare_incident(actor, title="Checkout fails", severity="sev2", components=["shop"])
    assert "<b>1</b> not acknowledged" in look("incidents.overview")
    assert "0 resolved" in look("incidents.last_day").replace('<b class="num">', "").replace("</b>", "")
    assert ">shop<" in look("incidents.component_health")
    resolve_incident(actor, number=1)
    Component.objects.of(actor.workspace_id).update(name="store")
    assert "<b>0</b> active" in look("incidents.overview")
    assert "1 resolved" in look("incidents.last_day").replace('<b class="num">', "").replace("</b>", "")
    assert ">store<" in look("incidents.component_health")


def test_long_select_is_what_django_draws():
    choices = [("", "No one"), ("o'neil", "O'Neil & <Sons>"), ("kim", "Kim")]
    for value in ("", "kim", "o'neil", "someone else", None):
        drawn = [
            kind(attrs={"class": "input"}, choices=choices).render(
                "who", value, {"id": "id_who", "required": True}
            )
            for kind in (LongSelect, forms.Select)
        ]
        rendered, expected = ("".join(line.strip() for line in text.splitlines()) for text in drawn)
        assert rendered == expected


def test_request_does_not_switch_between_its_thread_and_the_loop(monkeypatch):
    def back(*_):
        raise RuntimeError("went back to the loop")

    monkeypatch.setattr("asgiref.sync.AsyncToSync.__call__", back)
    sent = asyncio.run(_fetch("/offline"))
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == [200]


async def _fetch(path):
    requests, sent = [{"type": "http.request", "body": b""}], []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }

    async def receive():
        return requests.pop() if requests else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    await django_application(scope, receive, send)
    return sent
