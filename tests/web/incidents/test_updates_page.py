"""Stakeholder updates and amendments in the browser, without JavaScript, and over the API."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from incidents.models import TimelineEntry
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind

URL = "/incidents/INC-1"


@pytest.fixture
def client(actor):
    client = Client()
    user = User.objects.get(pk=actor.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def note(actor):
    declare_incident(actor, title="Checkout is down", severity="sev2", components=["checkout"])
    return add_entry(actor, number=1, kind=EntryKind.NOTE, message="The first words")


def updates(actor):
    return list(TimelineEntry.objects.of(actor.workspace_id).filter(kind="update"))


def test_update_begins_with_a_template_is_previewed_and_then_sent(client, actor, note):
    form = client.get(f"{URL}/update").content.decode()
    assert "**Checkout is down**" in form
    assert "Affected: checkout" in form
    typed = {"message": "**Down**, next {next_update}", "audience": "public", "next_update": "15"}
    shown = client.post(f"{URL}/update", typed | {"preview": "1"}).content.decode()
    assert "<strong>Down</strong>, next 20" in shown
    assert updates(actor) == []
    assert client.post(f"{URL}/update", typed).status_code == 303
    [entry] = updates(actor)
    assert entry.is_public
    assert "{next_update}" not in entry.text


def test_template_is_chosen_by_its_link(client, note):
    assert "watching the result" in client.get(f"{URL}/update?template=monitoring").content.decode()


def test_reworded_text_is_shown_and_the_earlier_one_is_one_click_away(client, actor, note):
    form = client.get(f"{URL}/reword?entry={note.pk}").content.decode()
    assert "The first words" in form
    typed = {"entry": note.pk, "amendments": 0, "message": "Better words"}
    assert client.post(f"{URL}/reword", typed).status_code == 303
    page = client.get(URL).content.decode()
    assert "Better words" in page
    assert "The first words" not in page
    assert f"{URL}/entries/{note.pk}" in page
    history = client.get(f"{URL}/entries/{note.pk}").content.decode()
    assert "The first words" in history
    assert "Better words" in history
    assert client.post(f"{URL}/reword", typed | {"message": "Other"}).status_code == 409


def test_withdrawn_entry_and_published_note_are_marked(client, actor, note):
    client.post(f"{URL}/publish", {"entry": note.pk, "message": "For all"})
    assert "Public" in client.get(f"{URL}?kind=notes").content.decode()
    client.post(f"{URL}/withdraw", {"entry": note.pk, "reason": "Mistaken"})
    page = client.get(f"{URL}?kind=notes").content.decode()
    assert "Withdrawn: Mistaken" in page
    assert "For all" not in page


def test_api_lists_every_text(client, note):
    path = f"/api/v1/incidents/1/timeline/{note.pk}/amendments"
    given = {"kind": "reworded", "message": "Better", "based_on": 0}
    reply = client.post(path, given, content_type="application/json")
    assert (reply.status_code, reply.json()["message"]) == (201, "Better")
    rows = client.get(path).json()
    assert [(one["kind"], one["message"]) for one in rows] == [
        ("reworded", "Better"),
        ("written", "The first words"),
    ]
