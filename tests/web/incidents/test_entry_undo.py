"""Undo on the entry itself, mentions and references in entries, and the key of a note's draft."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.ui.markdown import markdown
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.notes import add_note

URL = "/incidents/INC-1"


def browser(who):
    client = Client()
    user = User.objects.get(pk=who.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def incident(actor):
    return declare_incident(actor, title="Checkout is down", severity="sev2")


def undo_buttons(client):
    return client.get(f"{URL}?kind=all").content.decode().count(">Undo</button>")


def test_note_is_undone_on_its_entry_by_its_author_alone(actor, incident, make_actor):
    add_note(actor, number=1, message="Wrong window")
    note = TimelineEntry.objects.of(incident.workspace_id).get(kind="note")
    assert undo_buttons(browser(make_actor("responder", username="otto.other"))) == 0
    client = browser(actor)
    assert undo_buttons(client) == 1
    assert client.post(f"{URL}/withdraw", {"entry": note.pk}).status_code == 303
    note.refresh_from_db()
    assert (note.text, note.message) == ("Withdrawn.", "Wrong window")
    assert undo_buttons(client) == 0


def test_undo_is_offered_for_ten_minutes(actor, incident):
    add_note(actor, number=1, message="Wrong window")
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert undo_buttons(browser(actor)) == 0


@pytest.mark.parametrize("name", ["acknowledge", "resolve", "assign"])
def test_act_is_undone_on_its_entry(actor, incident, name):
    client = browser(actor)
    data = {"role": "tech_lead", "username": "rita.responder"} if name == "assign" else {}
    client.post(f"{URL}/{name}", data)
    page = client.get(f"{URL}?kind=all").content.decode()
    assert page.count(">Undo</button>") == 1
    address = page.split('formaction="/incidents/bulk/')[1].split('"')[0]
    assert client.post(f"/incidents/bulk/{address}").status_code == 303
    now = Incident.objects.of(incident.workspace_id).get()
    assert (now.acknowledged_at, now.resolved_at, now.status) == (None, None, "open")
    assert undo_buttons(client) == 0


def test_act_is_not_undone_once_the_incident_changed(actor, incident):
    client = browser(actor)
    client.post(f"{URL}/acknowledge")
    change_severity(actor, number=1, severity="sev1")
    assert undo_buttons(client) == 0


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("ask @nina.new.", '<a href="/incidents?assigned_to=nina.new"'),
        ("see #INC-39!", '<a href="/incidents/INC-39"'),
        ("see INC-39", '<a href="/incidents/INC-39"'),
    ],
)
def test_member_and_incident_in_a_text_are_links(incident, text, link):
    assert link in markdown(text)


@pytest.mark.parametrize("text", ["mail nina@example.test", "`@nina`", "a lone @", "xINC-39", "INC-39x"])
def test_other_texts_are_no_links(incident, text):
    assert "<a " not in markdown(text)


def test_draft_of_a_note_is_known_by_person_and_incident(actor, incident):
    page = browser(actor).get(URL).content.decode()
    assert f'data-note-draft="{actor.user_id}:{incident.pk}"' in page
