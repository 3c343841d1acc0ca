"""Every format meets every row of bad input at the real door: read or refused, and never by half."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from detection.models import ChangeEvent, Event, QuarantinedRequest
from detection.webhooks.format import webhook_formats
from incidents.models import Incident, TimelineEntry
from tests.detection.webhooks.dialects import DIALECTS, FORM, SCRIPT, Dialect, Said, tell
from tests.detection.webhooks.senders import Sender, ago
from tests.tables import every, share, whole

pytestmark = pytest.mark.django_db
REFUSED = {400, 413, 415, 422}


def formats(row: int) -> pytest.MarkDecorator:
    """Six formats for each row, others for the next one."""
    return pytest.mark.parametrize("kind", share(sorted(DIALECTS), turn=row, size=6))


def stored(sender: Sender) -> tuple[int, ...]:
    """How much there is of everything a request can leave behind."""
    kinds: tuple[Any, ...] = (Event, ChangeEvent, Incident, TimelineEntry)
    return tuple(model.objects.of(sender.source.workspace_id).count() for model in kinds)


def waiting(sender: Sender) -> int:
    return QuarantinedRequest.objects.of(sender.source.workspace_id).count()


def told(sender: Sender, body: bytes, **how: str) -> Any:
    """Post; whatever it is, it is answered in words, and never by a fault of ours."""
    answer = tell(sender, body, **how)
    assert answer.status_code in {DIALECTS[sender.source.kind].taken} | REFUSED, answer.content
    return answer


def refused(sender: Sender, body: bytes, *statuses: int, **how: str) -> None:
    """It is refused with one of the statuses, and nothing of it is stored."""
    before = stored(sender)
    answer = told(sender, body, **how)
    assert answer.status_code in statuses, answer.content
    assert stored(sender) == before


def test_there_is_a_dialect_for_every_format():
    assert sorted(DIALECTS) == sorted(webhook_formats().names())


@pytest.mark.parametrize("kind", sorted(DIALECTS))
def test_what_is_good_is_taken(make_sender, kind):
    """Else the rows below would show nothing."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    assert told(sender, dialect.body()).status_code == dialect.taken
    events, changes, incidents, _ = stored(sender)
    assert (changes == 1) is dialect.is_change
    assert (incidents == 1) is (not dialect.is_change and kind != "cloudevents")
    assert (events > 0) is not dialect.is_change


@formats(1)
def test_truncated(make_sender, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    body = dialect.body()
    cuts = {1, len(body) // 4, len(body) // 2, len(body) - 1, body.find("é".encode()) + 1}
    for cut in sorted(cuts):
        if dialect.is_form:
            told(sender, body[:cut])  # a form that was cut is a shorter form
        else:
            refused(sender, body[:cut], 400, 422)
    assert dialect.is_form or waiting(sender) == len(cuts)


@formats(2)
def test_encoded_anew(make_sender, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    text = dialect.body(Said(name="plain")).decode()
    for body, how in (
        (b"\xef\xbb\xbf" + text.encode(), {}),
        (text.encode("utf-16"), {}),
        (gzip.compress(text.encode()), {"content_encoding": "gzip"}),
        (text.encode("latin-1"), {"kind": f"{dialect.kind}; charset=iso-8859-1"}),
    ):
        if not dialect.is_form:
            assert told(sender, body, **how).status_code == dialect.taken, how
    if not dialect.is_form:
        assert stored(sender)[0] + stored(sender)[1] == 1, "however encoded, it is the same word"
        for body in (text.encode("latin-1"), text.encode("utf-16-le"), b"\0" + text.encode()):
            refused(sender, body, 400, 422)
    refused(sender, gzip.compress(text.encode()), 400, 422)
    refused(sender, text.encode(), 400, 422, content_encoding="gzip")
    refused(sender, gzip.compress(text.encode())[:-9], 400, 422, content_encoding="gzip")


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A hundred megabytes of spaces in a hundred kilobytes."""
    return gzip.compress(b" " * 100_000_000, 1, mtime=0)


@formats(3)
def test_gzip_bombs(make_sender, kind, bomb):
    sender = make_sender(kind)
    refused(sender, bomb, 413, content_encoding="gzip")
    refused(sender, gzip.compress(bomb, mtime=0), 415, content_encoding="gzip, gzip")
    refused(sender, b" " * (webhook_formats().get(kind).max_body + 1), 413)
    kept = QuarantinedRequest.objects.of(sender.source.workspace_id)
    assert [(row.reason, bytes(row.body)) for row in kept] == [("too_large", b"")] * 2, "noted, not stored"


@formats(4)
def test_wrong_content_types(make_sender, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    for given in ("text/html", "image/png", "application/xml", "multipart/form-data", "x"):
        known, kept = webhook_formats().get(kind).takes(given), waiting(sender)
        refused(sender, dialect.body(), *({400, 422} if known else {415}), kind=given)
        assert known or waiting(sender) == kept, "not meant for us, so not kept"
    other = "application/json" if dialect.kind == FORM else FORM
    told(sender, dialect.body(), kind=other)


def test_types_of_content_that_are_missing_or_odd_are_no_fault_of_ours(make_sender):
    sender = make_sender("generic")
    given = ("application/json; charset=klingon", "application/json; charset=", ";;;", "/", "é/é")
    answers = [told(sender, b'{"title": "x"}', kind=kind).status_code for kind in given]
    assert answers == [400, 202, 202, 415, 415]


@formats(5)
@pytest.mark.parametrize("count", [1000, *whole(10_000)])
def test_ten_thousand_in_one_body(make_sender, kind, count):
    """One incident for a group however large; what would be thousands of incidents is refused whole."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    many = [Said(f"n{number}", f"Disk {number}") for number in range(count)]
    how = {"kind": "application/cloudevents-batch+json"} if kind == "cloudevents" else {}
    body = _many(dialect, many)
    told(sender, body, **how)
    assert stored(sender)[2] <= 1


def _many(dialect: Dialect, many: list[Said]) -> bytes:
    if dialect.many is not None:
        return dialect.wire(dialect.many(many))
    return json.dumps([dialect.one(said) for said in many]).encode()


@formats(6)
def test_markup_is_text_on_every_page(make_sender, admin, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    assert told(sender, dialect.body(Said(text=SCRIPT))).status_code == dialect.taken
    browser = Client()
    browser.force_login(_user(admin))
    pages = ["/", "/incidents", "/activity", "/sources", "/components", f"/sources/{sender.source.pk}"]
    pages += [f"/incidents/{row.number}" for row in sender.incidents()]
    pages += [f"/incidents/{row.number}/activity" for row in sender.incidents()]
    pages += [f"/panels/incident.changes?key={row.number}" for row in sender.incidents()]
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert "<script>alert(1)" not in text, page
        assert "<img src=x" not in text, page
        assert 'href="javascript:' not in text, page


def _user(actor):
    from accounts.models import User

    return User.objects.get(pk=actor.user_id)


TIMES = [
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2199-01-01T00:00:00+14:00",
    "1999-02-03T04:05:06", "2026-02-30T25:61:00Z", "tomorrow", "", 1e300, -1e18, 0, 4102444800,
    10**30, True, [], {},
]  # fmt: skip


@formats(7)
def test_future_and_ancient_times(make_sender, kind):
    """Nothing is dated later than it came, and no odd time keeps an alert from opening its incident."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    for number, at in enumerate(every(2, TIMES, first=sorted(DIALECTS).index(kind) % 2)):
        said = Said(f"n{number}", f"Disk {number}", at=at)
        answer = told(sender, dialect.body(said))
        # An event (no alert) from before what is kept is told so, and waits in quarantine.
        too_old = kind == "cloudevents" and "older than the retention of events" in answer.content.decode()
        assert answer.status_code == dialect.taken or too_old, at
    latest = timezone.now() + timedelta(minutes=5)
    for row in sender.incidents():
        assert datetime(1990, 1, 1, tzinfo=UTC) <= row.started_at <= latest
    for event in Event.objects.of(sender.source.workspace_id):
        assert event.occurred_at <= latest
    for change in ChangeEvent.objects.of(sender.source.workspace_id):
        assert change.occurred_at <= latest


@formats(8)
def test_contradictory_statuses(make_sender, kind):
    """Whatever is said of one alert in whatever order, it and its incident end up telling the same."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    fires, ends = Said("a", "Disk"), Said("a", "Disk", over=True, at=ago(20))
    for said in (ends, fires, ends, Said("a", "Disk", over=True), fires, Said("a", "Disk", over=True)):
        assert told(sender, dialect.body(said)).status_code == dialect.taken
        _agree(sender)
    if dialect.many is not None:
        how = {"kind": "application/cloudevents-batch+json"} if kind == "cloudevents" else {}
        told(sender, dialect.wire(dialect.many([fires, ends, fires, Said("b", "Disk"), ends])), **how)
        _agree(sender)
    assert len(sender.incidents()) <= 2


def _agree(sender: Sender) -> None:
    alerts = list(sender.alerts().values())
    for row in sender.incidents():
        burns = any(alert.state == "firing" for alert in alerts if alert.incident_id == row.pk)
        assert (row.status == "resolved") is not burns, (row.status, alerts)


@formats(9)
def test_replays(make_sender, kind):
    """The same request again, once or a hundred times, by an impatient sender or a thief: nothing new."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    body, end = dialect.body(Said(at=ago(10))), dialect.body(Said(over=True))
    assert told(sender, body).status_code == dialect.taken
    once = stored(sender)
    for _ in range(3):
        assert told(sender, body).status_code == dialect.taken
    assert stored(sender) == once
    told(sender, end)
    ended = stored(sender)
    for _ in range(3):
        told(sender, end)
    assert stored(sender) == ended
