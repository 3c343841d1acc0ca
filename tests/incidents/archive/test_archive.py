"""Archive: old incidents move to object storage and are restored row for row; deletion after verification."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.errors import Conflict
from core.queue.runner import run_due
from core.storage.client import Bucket, StorageError, bucket
from incidents.analytics.selectors import analytics_for
from incidents.archive import moving
from incidents.archive.documents import DamagedArchiveError, check
from incidents.archive.models import IncidentArchive
from incidents.archive.parts import PARTS
from incidents.archive.queues import ARCHIVE
from incidents.archive.rows import read_rows
from incidents.archive.services.planning import candidates, plan_archives, plan_everywhere, request_restore
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.notes import add_note, add_update
from postmortems.action_items.services import create_item
from postmortems.drafting.services import draft_postmortem, refresh_facts
from status.pages.services.pages import put_page
from status.publishing.services.incidents import publish_incident, withdraw_incident
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
AGO = timedelta(days=100)
EVENTS = """
with made as (
  insert into detection_event (workspace_id, id, received_at, occurred_at, level, is_late, event_id, source,
                               event_type, message, correlation_id, metadata)
  select %(workspace)s, nextval('detection_event_id_seq'),
         now() - interval '100 days', now() - interval '100 days',
         4, false, 'old-' || n, 'checkout', 'error', E'line\\n"' || n, '', '{"ratio": 0.1, "é": ["x"]}'
    from generate_series(1, 2050) n returning id, occurred_at)
insert into detection_incident_event (workspace_id, event_id, incident_id, occurred_at)
select %(workspace)s, id, %(incident)s, occurred_at from made
"""


def make_old(actor, title: str) -> Incident:
    """A resolved incident of 100 days ago, with an amended timeline and 2,050 events."""
    made = declare_incident(actor, title=title, components=["checkout"])
    add_note(
        actor, number=made.number, message='Looked at the pool.\n*Nothing* there; \u65e5\u672c, \\u0041, "x"'
    )
    add_update(actor, number=made.number, message="We are on it.")
    resolve_incident(actor, number=made.number, message="Scaled.", root_cause="Pool too small.")
    Incident.objects.of(actor.workspace_id).filter(pk=made.pk).update(
        started_at=timezone.now() - AGO, detected_at=timezone.now() - AGO, resolved_at=timezone.now() - AGO
    )
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, {"workspace": actor.workspace_id, "incident": made.pk})
    made.refresh_from_db()
    return made


@pytest.fixture
def old(actor, workspace) -> Incident:
    return make_old(actor, "Checkout returns 502")


def rows_of(incident: Incident) -> dict[str, list[str]]:
    """Every row of every part, as PostgreSQL writes it."""
    found = {
        part.name: [row for _, row in read_rows(part, incident.workspace_id, incident.pk)] for part in PARTS
    }
    del found["incident"]  # its marks of the archive differ
    return found


def work() -> None:
    """What the worker does, once; later than now, as all of a test happens in one transaction."""
    run_due(ARCHIVE, 1, at=timezone.now() + timedelta(days=1))


def archive(incident: Incident) -> IncidentArchive:
    plan_archives(incident.workspace_id, [incident], by="test")
    work()
    incident.refresh_from_db()
    return IncidentArchive.objects.of(incident.workspace_id).get(incident=incident)


def restore(actor, incident: Incident) -> IncidentArchive:
    request_restore(actor, incident.number, now=timezone.now())
    work()
    incident.refresh_from_db()
    return IncidentArchive.objects.of(incident.workspace_id).get(incident=incident)


def leaving_rows(incident: Incident) -> int:
    return sum(len(rows) for name, rows in rows_of(incident).items() if PARTS.get(name).leaves)


def test_archived_incident_comes_back_row_for_row(actor, old, storage):
    before = rows_of(old)
    assert len(before["event"]) == len(before["event_link"]) == 2050
    assert len(before["entry"]) >= 3
    assert len(before["resolution"]) == 1
    made = archive(old)
    assert (made.phase, made.state, made.last_error) == ("archived", "done", "")
    assert leaving_rows(old) == 0
    assert old.archived_at is not None
    remaining = {name: rows for name, rows in before.items() if not PARTS.get(name).leaves}
    assert {name: rows_of(old)[name] for name in remaining} == remaining
    back = restore(actor, old)
    assert (back.phase, back.state, old.archived_at) == ("restored", "done", None)
    assert rows_of(old) == before
    again = archive(old)
    assert (again.phase, leaving_rows(old)) == ("archived", 0)


def test_file_is_readable_lines_and_the_same_rows_give_the_same_bytes(actor, old, storage, tmp_path):
    made = archive(old)
    lines = [json.loads(line) for line in gzip.decompress(storage.get(made.key)).splitlines()]
    assert (lines[0]["format"], lines[0]["reference"], lines[0]["title"]) == (
        "tocsin.archive", "INC-1", "Checkout returns 502",
    )  # fmt: skip
    assert lines[-1]["lines"] == len(lines) - 1
    entries = [line["row"]["message"] for line in lines[1:-1] if line["part"] == "entry"]
    assert any("\u65e5\u672c" in message for message in entries)
    assert made.rows == len(lines) - 2
    restore(actor, old)
    Incident.objects.of(old.workspace_id).filter(pk=old.pk).update(updated_at=timezone.now())
    two = [tmp_path / "a.gz", tmp_path / "b.gz"]
    plan = IncidentArchive.objects.of(old.workspace_id).select_related("incident").get()
    for path in two:
        moving._dump(plan, path)
    assert two[0].read_bytes() == two[1].read_bytes()


@pytest.mark.parametrize("place", [40, 5_000, -12])
def test_altered_byte_is_refused_and_nothing_changes(actor, old, storage, place, tmp_path):
    made = archive(old)
    data = bytearray(storage.get(made.key))
    place %= len(data)
    data[place] ^= 0x20
    storage.put(made.key, bytes(data))
    flipped = tmp_path / "flipped.gz"
    flipped.write_bytes(bytes(data))
    with pytest.raises(DamagedArchiveError):
        check(flipped)
    refused = restore(actor, old)
    assert (refused.phase, refused.state) == ("restoring", "dead")
    assert "refused" in refused.last_error
    assert old.archived_at is not None
    assert leaving_rows(old) == 0


class Killed(BaseException):
    """Simulates a killed process: no handler catches it."""


def killed(*args, **kwargs):
    raise Killed


CUTS = {
    "before the file is stored": (Bucket, "put_file", killed),
    "before the file is read back": (Bucket, "stream", killed),
    "before rows are deleted": (moving, "delete_rows", killed),
    "after rows are deleted": (moving, "_audit", killed),
    "before the step is written down": (moving, "_move", killed),
}


@pytest.mark.parametrize("cut", list(CUTS))
def test_worker_killed_at_any_step_loses_nothing_and_continues(actor, old, storage, cut, monkeypatch):
    before = rows_of(old)
    plan_archives(old.workspace_id, [old], by="test")
    with monkeypatch.context() as patch:
        patch.setattr(*CUTS[cut])
        with pytest.raises(Killed):
            work()
    assert rows_of(old) == before
    IncidentArchive.objects.of(old.workspace_id).update(lease_until=None)  # which runs out
    work()
    assert leaving_rows(old) == 0
    with monkeypatch.context() as patch:
        patch.setattr(moving, "_audit", killed)
        request_restore(actor, old.number, now=timezone.now())
        with pytest.raises(Killed):
            work()
    assert leaving_rows(old) == 0
    IncidentArchive.objects.of(old.workspace_id).update(lease_until=None)
    work()
    assert rows_of(old) == before


def test_storage_that_lies_deletes_nothing(actor, old, storage, monkeypatch):
    before = rows_of(old)
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "stream", lambda self, key, size: iter([b"something else"]))
        made = archive(old)
    assert (made.phase, made.state) == ("planned", "pending")
    assert "was modified" in made.last_error
    assert rows_of(old) == before


def test_row_written_meanwhile_is_in_the_file_that_counts(actor, old, storage, monkeypatch):
    fetch, notes = moving._fetch, []

    def fetch_and_write(plan, path):
        header = fetch(plan, path)
        if len(notes) < 2:  # once between written and verified, once between verified and archived
            notes.append(add_note(actor, number=1, message=f"Late note {len(notes)}"))
        return header

    monkeypatch.setattr(moving, "_fetch", fetch_and_write)
    plan_archives(old.workspace_id, [old], by="test")
    for _ in range(3):
        work()
    old.refresh_from_db()
    assert (old.archived_at is not None, len(notes), leaving_rows(old)) == (True, 2, 0)
    monkeypatch.undo()
    restore(actor, old)
    assert sum("Late note" in row for row in rows_of(old)["entry"]) == 2


def test_archived_incident_is_found_counted_and_not_changed(actor, old, storage):
    now = timezone.now()
    wanted = IncidentFilter(since=now - timedelta(days=120), until=now)
    figures = analytics_for(actor, wanted, now=now)
    draft = draft_postmortem(actor, 1)
    archive(old)
    texts = {one.key: one.text for one in draft.sections.all()}
    assert analytics_for(actor, wanted, now=now) == figures
    refresh_facts(actor, old.pk)
    assert {one.key: one.text for one in draft.sections.all()} == texts
    with pytest.raises(Conflict, match="archived"):
        add_note(actor, number=1, message="Too late")
    with pytest.raises(Conflict, match="not archived"):
        request_restore(actor, declare_incident(actor, title="New").number, now=now)


def test_only_old_finished_incidents_are_archived(actor, old, storage):
    now = timezone.now()
    make_old(actor, "Open item")
    create_item(actor, 2, title="Alert on pool usage")
    declare_incident(actor, title="Still open")
    found = candidates(actor.workspace_id, before=now - timedelta(days=30), now=now)
    assert [(one.number, why) for one, why in found] == [(1, ""), (2, "it has open action items")]
    assert plan_everywhere(now, timedelta(days=30)) == 1
    work()
    assert [one.number for one in Incident.objects.of(actor.workspace_id).exclude(archived_at=None)] == [1]
    restore(actor, old)
    assert plan_everywhere(now, timedelta(days=30)) == 0
    assert plan_everywhere(now + timedelta(days=31), timedelta(days=30)) == 1


@pytest.mark.django_db(transaction=True)
def test_commands_archive_and_restore(actor, old, storage):
    def run(*words: str) -> str:
        out = StringIO()
        call_command(*words, stdout=out)
        return out.getvalue()

    assert "INC-1 Checkout returns 502: would be archived" in run("archive", "--older", "90d", "--dry-run")
    assert not IncidentArchive.objects.of(actor.workspace_id).exists()
    assert "nothing" in run("archive", "--older", "200d").lower()
    assert "INC-1 Checkout returns 502: archived" in run("archive", "--older", "90d")
    kinds = TimelineEntry.objects.of(actor.workspace_id).filter(incident=old).values_list("kind", flat=True)
    assert set(kinds) == {"resolution"}
    assert "INC-1 Checkout returns 502: restored" in run("restore", "INC-1")
    assert "note" in set(kinds.all())
    for words in (("archive", "--older", "soon"), ("restore", "INC-1"), ("restore", "INC-99")):
        with pytest.raises(CommandError):
            run(*words)


def test_storage_that_is_away_is_tried_again(actor, old, storage, monkeypatch):
    def away(self):
        raise StorageError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "ensure", away)
        made = archive(old)
    assert (made.phase, made.state, bucket().name) == ("planned", "pending", storage.name)
    assert leaving_rows(old) > 0


def test_page_and_api_show_archived_and_restore(actor, old, storage):
    browser = browser_for(actor)
    assert browser.get("/api/v1/incidents/INC-1/archive").json()["state"] == "none"
    assert b"Archived" not in browser.get("/incidents/INC-1").content
    archive(old)
    page = browser.get("/incidents/INC-1").content.decode()
    assert "Timeline and events are in object storage" in page
    assert 'action="/incidents/INC-1/archive/restore"' in page
    assert 'action="/incidents/INC-1/note"' not in page  # it would be refused
    shown = browser.get("/api/v1/incidents/INC-1/archive").json()
    assert (shown["state"], len(shown["sha256"]), shown["error"]) == ("archived", 64, "")
    assert "INC-1" in browser.get("/incidents?search=Checkout").content.decode()
    assert browser.post("/incidents/INC-1/archive/restore").status_code == 303
    assert browser.post("/api/v1/incidents/INC-1/archive/restore").json()["state"] == "restoring"
    work()
    assert "Looked at the pool" in browser.get("/incidents/INC-1").content.decode()
    assert browser.post("/api/v1/incidents/INC-1/archive/restore").status_code == 409


def test_incident_on_the_status_page_stays(actor, admin, old):
    put_page(admin, values={"slug": "acme", "title": "Acme"})
    publish_incident(actor, number=1)
    now = timezone.now()
    [(_, why)] = candidates(actor.workspace_id, before=now - timedelta(days=30), now=now)
    assert why == "it is on the status page"
    withdraw_incident(actor, number=1)
    [(_, why)] = candidates(actor.workspace_id, before=now - timedelta(days=30), now=now)
    assert why == ""
    Incident.objects.of(actor.workspace_id).update(archived_at=now)
    with pytest.raises(Conflict, match="archived"):
        publish_incident(actor, number=1)
