"""Amendments of entries: append-only, with the first text, what is shown and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction

from core.errors import Conflict, Invalid
from incidents.models import EntryAmendment, Incident, SlaClock, TimelineEntry
from incidents.timeline.services.amendments import amend_entry
from incidents.timeline.services.notes import add_entry, add_update
from incidents.vocabulary import EntryKind
from tests.incidents.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(actor, declared):
    declared(severity="sev2")
    return add_entry(actor, number=1, kind=EntryKind.NOTE, message="Restarting the wrong host")


def amend(actor, entry, kind, message="", **more):
    return amend_entry(actor, number=1, entry_id=entry.pk, kind=kind, message=message, **more)


def texts(entry):
    rows = EntryAmendment.objects.of(entry.workspace_id).filter(entry=entry).order_by("number")
    return list(rows.values_list("number", "kind", "message"))


def test_rewording_preserves_the_first_text_and_numbers_the_others(actor, note):
    amend(actor, note, "reworded", "Restarting api-2")
    now = amend(actor, note, "reworded", "Restarting api-3")
    assert (now.text, now.message) == ("Restarting api-3", "Restarting the wrong host")
    assert texts(note) == [(1, "reworded", "Restarting api-2"), (2, "reworded", "Restarting api-3")]


def test_same_text_again_changes_nothing(actor, note):
    for _ in range(2):
        amend(actor, note, "reworded", "Restarting api-2")
    assert len(texts(note)) == 1


def test_stale_rewording_is_refused_with_the_text_now(actor, note):
    amend(actor, note, "reworded", "Restarting api-2", based_on=0)
    with pytest.raises(Conflict, match="Restarting api-2"):
        amend(actor, note, "reworded", "Restarting api-4", based_on=0)


def test_withdrawn_entry_shows_the_reason_and_stays_withdrawn(actor, note):
    now = amend(actor, note, "withdrawn", "Wrong incident")
    assert (now.text, now.is_shown_publicly) == ("Withdrawn: Wrong incident", False)
    with pytest.raises(Conflict, match="withdrawn"):
        amend(actor, note, "published", "All is well")


def test_publishing_a_note_shows_its_public_text_and_restarts_the_update_clock(actor, note):
    before = Incident.objects.of(actor.workspace_id).get().update_due_at
    with time_machine.travel(before - timedelta(minutes=1), tick=False):
        now = amend(actor, note, "published", "We are restarting a server")
    assert (now.text, now.is_shown_publicly, now.is_public) == ("We are restarting a server", True, False)
    assert Incident.objects.of(actor.workspace_id).get().update_due_at > before


def test_rewording_a_public_update_is_a_publication(actor, note):
    add_update(actor, number=1, message="Card payments fail")
    entry = TimelineEntry.objects.of(actor.workspace_id).get(kind="update")
    amend(actor, entry, "reworded", "Some card payments fail")
    assert texts(entry) == [(1, "published", "Some card payments fail")]


def test_entry_of_tocsin_cannot_be_amended(actor, note, timeline):
    first = timeline(note.incident)[0]
    with pytest.raises(Invalid, match="note or an update"):
        amend(actor, first, "reworded", "Never happened")


def test_amendment_never_changes(actor, note):
    amend(actor, note, "reworded", "Restarting api-2")
    rows = EntryAmendment.objects.of(actor.workspace_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(message="Never said")


def test_update_with_a_next_time_moves_the_clock_and_shows_it(actor, note):
    with time_machine.travel(NOW, tick=False):
        due = NOW + timedelta(minutes=15)
        add_update(actor, number=1, message="Next: {next_update}", next_update_at=due)
    clock = SlaClock.objects.of(actor.workspace_id).get(kind="update")
    entry = TimelineEntry.objects.of(actor.workspace_id).get(kind="update")
    assert clock.deadline == due
    assert entry.text == f"Next: {due:%Y-%m-%d %H:%M} UTC"


@pytest.mark.parametrize("minutes", [-1, 60 * 24 * 8])
def test_next_time_out_of_range_is_refused(actor, note, minutes):
    with time_machine.travel(NOW, tick=False), pytest.raises(Invalid, match="next_update_at"):
        add_update(actor, number=1, message="Soon", next_update_at=NOW + timedelta(minutes=minutes))
