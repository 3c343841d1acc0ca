"""Pins, corrected times, and notes that are sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict, Forbidden, Invalid, NotFound
from incidents.lifecycle.services.responding import edit_incident
from incidents.models import TimelineEntry
from incidents.selectors import timeline_page
from incidents.timeline.selectors import activity_page, pinned_entries, timeline_around
from incidents.timeline.services.entries import PINS, correct_entry_time, pin_entry, unpin_entry
from incidents.timeline.services.notes import add_entry, add_note, add_update
from incidents.vocabulary import CHATTER, EntryKind


@pytest.fixture
def note(actor, declared):
    """A note on INC-1."""
    declared()
    return add_entry(actor, number=1, kind=EntryKind.NOTE, message="restarted the proxy")


def test_pin_stays_until_it_is_removed(actor, note, audited, published_topics):
    for _ in range(2):
        pin_entry(actor, number=1, entry_id=note.pk)
    assert [e.pk for e in pinned_entries(actor, note.incident)] == [note.pk]
    for _ in range(2):
        unpin_entry(actor, number=1, entry_id=note.pk)
    assert pinned_entries(actor, note.incident) == []
    assert audited()[-2:] == ["incident.pin", "incident.unpin"]
    assert published_topics()[-2:] == ["incident.changed"] * 2


def test_entry_pinned_last_comes_first(actor, note):
    later = add_entry(actor, number=1, kind=EntryKind.UPDATE, message="Known", is_public=True)
    for entry in (later, note):
        pin_entry(actor, number=1, entry_id=entry.pk)
    assert [e.pk for e in pinned_entries(actor, note.incident)] == [note.pk, later.pk]


def test_one_pin_too_many_is_refused(actor, note):
    of = {"workspace_id": actor.workspace_id, "incident": note.incident, "kind": "note", "message": "x"}
    TimelineEntry.objects.bulk_create(TimelineEntry(**of, pinned_at=timezone.now()) for _ in range(PINS))
    with pytest.raises(Conflict, match="Unpin one first"):
        pin_entry(actor, number=1, entry_id=note.pk)


def test_pins_and_times_change_no_version(actor, note):
    pin_entry(actor, number=1, entry_id=note.pk)
    correct_entry_time(actor, number=1, entry_id=note.pk, occurred_at=note.occurred_at - timedelta(hours=1))
    note.incident.refresh_from_db()
    assert note.incident.version == 1


def test_note_is_moved_to_when_it_happened_with_its_text_unchanged(actor, note, audited):
    when = note.occurred_at - timedelta(minutes=20)
    for _ in range(2):
        moved = correct_entry_time(actor, number=1, entry_id=note.pk, occurred_at=when)
    assert (moved.occurred_at, moved.message) == (when, "restarted the proxy")
    assert moved.time_corrected_at is not None
    assert timeline_page(actor, 1).items[-1].pk == note.pk
    assert audited().count("incident.entry_time") == 1


WRONG_TIMES = {
    "timezone": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    "past": datetime(2999, 1, 1, tzinfo=UTC),
    "range": datetime(1999, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("rule", WRONG_TIMES)
def test_time_that_cannot_be_is_refused(actor, note, rule):
    with pytest.raises(Invalid) as refused:
        correct_entry_time(actor, number=1, entry_id=note.pk, occurred_at=WRONG_TIMES[rule])
    assert [(f.field, f.rule) for f in refused.value.faults] == [("occurred_at", rule)]


@pytest.mark.parametrize("kind", [EntryKind.UPDATE, EntryKind.DETECTED])
def test_only_a_notes_time_can_be_corrected(actor, note, kind):
    entry = TimelineEntry.objects.create(
        workspace_id=actor.workspace_id, incident=note.incident, kind=kind, message="x", author_label="x"
    )
    with pytest.raises(Invalid):
        correct_entry_time(actor, number=1, entry_id=entry.pk, occurred_at=note.occurred_at)


@pytest.mark.parametrize("verb", [pin_entry, unpin_entry])
def test_entry_of_another_incident_is_not_found(actor, note, declared, verb):
    declared("Second")
    with pytest.raises(NotFound):
        verb(actor, number=2, entry_id=note.pk)


def test_viewer_pins_nothing(make_actor, note):
    with pytest.raises(Forbidden):
        pin_entry(make_actor("viewer"), number=1, entry_id=note.pk)


def test_another_workspace_has_no_such_incident(make_actor, other_workspace, note):
    with pytest.raises(NotFound):
        pin_entry(make_actor("admin", inside=other_workspace), number=1, entry_id=note.pk)


def test_note_sent_again_with_its_key_is_written_once_however_late(actor, declared, timeline):
    incident = declared()
    add_note(actor, number=1, message="seen it", request_key="form-1")
    TimelineEntry.objects.of(actor.workspace_id).update(created_at=timezone.now() - timedelta(days=1))
    add_note(actor, number=1, message="seen it", request_key="form-1")
    assert [e.message for e in timeline(incident)].count("seen it") == 1


def test_other_text_key_or_actor_is_another_note(actor, make_actor, declared, timeline):
    incident, dana = declared(), make_actor("responder")
    add_note(actor, number=1, message="a", request_key="k")
    add_note(actor, number=1, message="b", request_key="k")
    add_note(actor, number=1, message="a", request_key="l")
    add_note(dana, number=1, message="a", request_key="k")
    add_update(actor, number=1, message="a", request_key="k")
    assert len(timeline(incident)) == 6


def test_database_enforces_one_entry_per_key(actor, note):
    of = {"workspace_id": actor.workspace_id, "incident": note.incident, "kind": "note", "message": "x"}
    TimelineEntry.objects.create(**of, author_label="x", request_key="f" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        TimelineEntry.objects.create(**of, author_label="x", request_key="f" * 64)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": EntryKind.RESOLUTION}, "kind"),
        ({"kind": EntryKind.NOTE, "is_public": True}, "public"),
        ({"kind": EntryKind.UPDATE, "occurred_at": datetime(2026, 1, 1, tzinfo=UTC)}, "occurred_at"),
        ({"kind": EntryKind.NOTE, "message": "  "}, "message"),
        ({"kind": EntryKind.NOTE, "request_key": "k" * 201}, "request_key"),
    ],
)
def test_invalid_entry_is_refused_by_field(actor, declared, timeline, given, field):
    incident = declared()
    with pytest.raises(Invalid) as refused:
        add_entry(actor, number=1, **({"message": "x"} | given))
    assert [fault.field for fault in refused.value.faults] == [field]
    assert len(timeline(incident)) == 1


def test_crlf_line_breaks_are_no_change(actor, declared):
    declared(description="one\ntwo")
    assert edit_incident(actor, number=1, description="one\r\ntwo").version == 1


def test_edit_is_a_change_and_no_update_to_stakeholders(actor, declared, timeline):
    incident = declared()
    edited = edit_incident(actor, number=1, incident_type="deadlock", title="Locked up")
    assert (edited.incident_type, edited.title) == ("deadlock", "Locked up")
    assert timeline(incident)[-1].kind == EntryKind.CHANGE


def _entries(incident, kind, count):
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            workspace_id=incident.workspace_id, incident=incident, kind=kind, message=f"{kind} {n}",
            author_label="Tocsin", occurred_at=timezone.now(),
        )
        for n in range(count)
    )  # fmt: skip


def test_highlights_leave_out_machine_entries(actor, declared):
    incident = declared()
    _entries(incident, "event", 3)
    _entries(incident, "note", 2)
    timeline = timeline_page(actor, 1, without=CHATTER)
    assert [e.kind for e in timeline.items] == ["note", "note", "detected"]


def test_page_around_an_entry_begins_with_it(actor, declared):
    incident = declared()
    first = timeline_page(actor, 1).items[0]
    _entries(incident, "note", 60)
    page, is_full = timeline_around(actor, incident, first.pk)
    assert ([e.pk for e in page.items], is_full) == ([first.pk], False)


def test_page_around_chatter_is_one_of_the_full_timeline(actor, declared):
    incident = declared()
    _entries(incident, "event", 1)
    event = timeline_page(actor, 1).items[0]
    _entries(incident, "note", 60)
    page, is_full = timeline_around(actor, incident, event.pk)
    assert (page.items[0].pk, is_full) == (event.pk, True)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_activity_holds_every_entry_and_audit_row_once_newest_first(actor, declared, limit):
    incident = declared()
    for number in range(4):
        add_note(actor, number=1, message=f"note {number}")
    seen, cursor = [], None
    while True:
        page = activity_page(actor, incident, cursor=cursor, limit=limit)
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert len([a for a in seen if a.entry]) == len([a for a in seen if a.audit]) == 5
    assert [a.at for a in seen] == sorted((a.at for a in seen), reverse=True)


@pytest.mark.parametrize("source", ["timeline", "audit"])
def test_activity_of_one_source_is_that_alone(actor, declared, source):
    [act] = activity_page(actor, declared(), sources=[source]).items
    assert (act.entry is not None) is (source == "timeline")


@pytest.mark.parametrize("cursor", ["x", "1", ".x", "abc.1", "." + "9" * 40, "a.b.c"])
def test_broken_cursor_of_the_activity_is_refused(actor, declared, cursor):
    with pytest.raises(Invalid):
        activity_page(actor, declared(), cursor=cursor)
