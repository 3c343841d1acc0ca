"""Every act on an incident as a browser without scripts does it: open the form, fill it in, send it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from django.test import Client

from accounts.models import AuditEntry
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.views.verbs import ACTIONS
from incidents.models import Incident, TimelineEntry
from incidents.sla.services.clocks import seed_policies
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
URL: Final = "/incidents/INC-1"
LINKED: Final = {"entry", "stage", "position"}


class FormOf(HTMLParser):
    """The form that a page sends to `address`: its fields with what they hold when nothing is touched."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address, self.fields, self.is_inside, self.name = address, dict[str, str](), False, ""
        self.seen = False
        self.feed(page)
        assert self.seen, f"no form for {address}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.is_inside = given.get("action") == self.address and not self.seen
            self.seen |= self.is_inside
        elif not self.is_inside:
            return
        elif tag == "input":
            is_choice = given.get("type") in ("checkbox", "radio")
            if given.get("name") and (not is_choice or "checked" in given):
                self.fields[given["name"]] = given.get("value", "on" if is_choice else "")
        elif tag in ("select", "textarea"):
            self.name = given.get("name", "")
            self.fields.setdefault(self.name, "")
        elif tag == "option" and ("selected" in given or not self.fields[self.name]):
            self.fields[self.name] = given.get("value", "")

    def handle_data(self, text: str) -> None:
        if self.is_inside and self.name and self.lasttag == "textarea":
            self.fields[self.name] += text

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self.name = ""
        self.is_inside &= tag != "form"


def _latest(kind: str) -> int:
    return int(TimelineEntry.across_workspaces.filter(kind=kind).latest("id").pk)


def _send(client: Client, name: str, typed: dict[str, Any]) -> None:
    """Open the form by a link that names what it is about, fill it in, send it."""
    address = f"{URL}/{name}"
    page = client.get(address, {key: value for key, value in typed.items() if key in LINKED})
    assert page.status_code == 200, name
    fields = FormOf(page.content.decode(), address).fields | typed
    response = client.post(address, fields)
    assert response.status_code == 303, (name, response.content.decode()[:3000])


def _written(workspace_id: int) -> int:
    """How much the timeline and the audit trail hold."""
    timeline = TimelineEntry.objects.of(workspace_id).count()
    return timeline + int(AuditEntry.objects.of(workspace_id).count())


# In this order; what is typed.
WALK: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("acknowledge", {"note": "On it"}),
    ("severity", {"severity": "sev1", "message": "Worse"}),
    ("status", {"status": "identified", "message": "A bad release"}),
    ("stage", {"stage": "containment", "message": "Known enough"}),
    ("tick", {"stage": "containment", "position": "1", "ticked": "on"}),
    ("assign", {"role": "tech_lead", "username": "nina.new"}),
    ("hand-off", {"role": "commander", "username": "nina.new"}),
    ("component", {"component": "billing", "impact": "total_outage"}),
    ("note", {"message": "The pool is empty", "audience": "internal"}),
    ("update", {"message": "Payments are slow", "audience": "public"}),
    ("reword", {"entry": "note", "message": "The pool is full"}),
    ("pin", {"entry": "note"}),
    ("unpin", {"entry": "note"}),
    ("time", {"entry": "note", "occurred_at": "2026-03-01T11:59"}),
    ("publish", {"entry": "note", "message": "We look into it"}),
    ("withdraw", {"entry": "note"}),
    ("title", {"title": "Checkout is slow"}),
    ("edit", {"title": "Checkout crawls"}),
    ("description", {"description": "Since the release"}),
    ("impact", {"impact": "Half of all orders"}),
    ("users-impacted", {"users_impacted": "4711"}),
    ("root-cause", {"root_cause": "Connections leak"}),
    ("type", {"incident_type": "resource_leak"}),
    ("labels", {"labels": "region=eu"}),
    ("relate", {"other": "INC-2"}),
    ("unrelate", {"other": "INC-2"}),
    ("privacy", {"visibility": "private", "reason": "Names"}),
    ("invite", {"username": "otto.other"}),
    ("uninvite", {"username": "otto.other"}),
    ("resolve", {"message": "Rolled back", "restored": []}),
    ("close", {"message": "Nothing left"}),
    ("reopen", {"message": "Back again"}),
)
# These need another person, a machine, another incident or another time: each has a test of its own.
ELSEWHERE: Final = {"offer-answer", "dismiss-proposal", "verdict", "merge", "undo-merge", "times"}


def test_every_act_is_a_form_that_works_without_scripts(workspace, actor, make_actor):
    assert {name for name, _ in WALK} | ELSEWHERE == set(ACTIONS)
    seed_policies(workspace.pk)
    for username in ("nina.new", "otto.other"):
        make_actor("responder", username=username)
    for title in ("Checkout is down", "Search is down"):
        declare_incident(actor, title=title, severity="sev2", components=["checkout"])
    client, silent = browser_for(actor), []
    for name, typed in WALK:
        before = _written(workspace.pk)
        _send(client, name, {k: _latest(v) if k == "entry" else v for k, v in typed.items()})
        if _written(workspace.pk) == before:
            silent.append(name)
    assert silent == []


def test_act_is_undone_on_its_entry_and_a_filter_applied_without_scripts(workspace, actor):
    declare_incident(actor, title="Checkout is down", severity="sev2")
    client = browser_for(actor)
    _send(client, "acknowledge", {})
    undo = re.search(r'formaction="(/incidents/bulk/[^"]+)"', client.get(f"{URL}?kind=all").content.decode())
    assert undo
    assert client.post(undo[1]).status_code == 303
    now = Incident.objects.of(workspace.pk).get()
    assert (now.status, now.acknowledged_at, now.commander_key) == ("open", None, "")
    found = client.get("/incidents", {"search": "checkout", "severity": "sev2", "sort": "commander"})
    assert b"INC-1" in found.content
