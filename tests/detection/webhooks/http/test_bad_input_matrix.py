"""Every format with every row of bad input at the real endpoint: read or refused as a whole."""

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
from tests.detection.webhooks.dialects import DIALECTS, FORM, SCRIPT, AlertSample, Dialect, send
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


def post(sender: Sender, body: bytes, **how: str) -> Any:
    """Post; the response is always a readable message, and never a server error."""
    response = send(sender, body, **how)
    assert response.status_code in {DIALECTS[sender.source.kind].taken} | REFUSED, response.content
    return response


def refused(sender: Sender, body: bytes, *statuses: int, **how: str) -> None:
    """It is refused with one of the statuses, and nothing of it is stored."""
    before = stored(sender)
    response = post(sender, body, **how)
    assert response.status_code in statuses, response.content
    assert stored(sender) == before


def test_there_is_a_dialect_for_every_format():
    assert sorted(DIALECTS) == sorted(webhook_formats().names())


@pytest.mark.parametrize("kind", sorted(DIALECTS))
def test_valid_input_is_accepted(make_sender, kind):
    """Else the rows below would show nothing."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    assert post(sender, dialect.body()).status_code == dialect.taken
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
            post(sender, body[:cut])  # a form that was cut is a shorter form
        else:
            refused(sender, body[:cut], 400, 422)
    assert dialect.is_form or waiting(sender) == len(cuts)


@formats(2)
def test_reencoded_body_is_read_or_refused_by_status(make_sender, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    text = dialect.body(AlertSample(name="plain")).decode()
    for body, how in (
        (b"\xef\xbb\xbf" + text.encode(), {}),
        (text.encode("utf-16"), {}),
        (gzip.compress(text.encode()), {"content_encoding": "gzip"}),
        (text.encode("latin-1"), {"kind": f"{dialect.kind}; charset=iso-8859-1"}),
    ):
        if not dialect.is_form:
            assert post(sender, body, **how).status_code == dialect.taken, how
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
    quarantined = QuarantinedRequest.objects.of(sender.source.workspace_id)
    assert [(row.reason, bytes(row.body)) for row in quarantined] == [("too_large", b"")] * 2, (
        "noted, not stored"
    )


@formats(4)
def test_wrong_content_types(make_sender, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    for given in ("text/html", "image/png", "application/xml", "multipart/form-data", "x"):
        known, quarantined = webhook_formats().get(kind).takes(given), waiting(sender)
        refused(sender, dialect.body(), *({400, 422} if known else {415}), kind=given)
        assert known or waiting(sender) == quarantined, "not an alert, so not quarantined"
    other = "application/json" if dialect.kind == FORM else FORM
    post(sender, dialect.body(), kind=other)


def test_missing_or_odd_content_type_causes_no_server_error(make_sender):
    sender = make_sender("generic")
    given = ("application/json; charset=klingon", "application/json; charset=", ";;;", "/", "é/é")
    statuses = [post(sender, b'{"title": "x"}', kind=kind).status_code for kind in given]
    assert statuses == [400, 202, 202, 415, 415]


@formats(5)
@pytest.mark.parametrize("count", [1000, *whole(10_000)])
def test_ten_thousand_in_one_body(make_sender, kind, count):
    """One incident for a group however large; what would be thousands of incidents is refused whole."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    many = [AlertSample(f"n{number}", f"Disk {number}") for number in range(count)]
    how = {"kind": "application/cloudevents-batch+json"} if kind == "cloudevents" else {}
    body = _many(dialect, many)
    post(sender, body, **how)
    assert stored(sender)[2] <= 1


def _many(dialect: Dialect, many: list[AlertSample]) -> bytes:
    if dialect.many is not None:
        return dialect.wire(dialect.many(many))
    return json.dumps([dialect.one(sample) for sample in many]).encode()


@formats(6)
def test_markup_is_text_on_every_page(make_sender, admin, kind):
    sender, dialect = make_sender(kind), DIALECTS[kind]
    assert post(sender, dialect.body(AlertSample(text=SCRIPT))).status_code == dialect.taken
    browser = Client()
    browser.force_login(_user(admin))
    pages = ["/", "/incidents", "/activity", "/sources", "/components", f"/sources/{sender.source.pk}"]
    pages += [f"/incidents/{row.number}" for row in sender.incidents()]
    pages += [f"/incidents/{row.number}/activity" for row in sender.incidents()]
    pages += [f"/panels/incident.changes?key={row.number}" for row in sender.incidents()]
    for page in pages:
        response = browser.get(page)
        assert response.status_code == 200, page
        text = response.content.decode()
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
    """Nothing is dated later than its arrival, and no odd time prevents an incident."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    for number, at in enumerate(every(2, TIMES, first=sorted(DIALECTS).index(kind) % 2)):
        sample = AlertSample(f"n{number}", f"Disk {number}", at=at)
        response = post(sender, dialect.body(sample))
        # An event (no alert) older than the retention is refused with the reason, and quarantined.
        too_old = kind == "cloudevents" and "older than the retention of events" in response.content.decode()
        assert response.status_code == dialect.taken or too_old, at
    latest = timezone.now() + timedelta(minutes=5)
    for row in sender.incidents():
        assert datetime(1990, 1, 1, tzinfo=UTC) <= row.started_at <= latest
    for event in Event.objects.of(sender.source.workspace_id):
        assert event.occurred_at <= latest
    for change in ChangeEvent.objects.of(sender.source.workspace_id):
        assert change.occurred_at <= latest


@formats(8)
def test_contradictory_statuses(make_sender, kind):
    """After any order of reports on one alert, it and its incident agree."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    fires, ends = AlertSample("a", "Disk"), AlertSample("a", "Disk", over=True, at=ago(20))
    for sample in (
        ends,
        fires,
        ends,
        AlertSample("a", "Disk", over=True),
        fires,
        AlertSample("a", "Disk", over=True),
    ):
        assert post(sender, dialect.body(sample)).status_code == dialect.taken
        _agree(sender)
    if dialect.many is not None:
        how = {"kind": "application/cloudevents-batch+json"} if kind == "cloudevents" else {}
        post(sender, dialect.wire(dialect.many([fires, ends, fires, AlertSample("b", "Disk"), ends])), **how)
        _agree(sender)
    assert len(sender.incidents()) <= 2


def _agree(sender: Sender) -> None:
    alerts = list(sender.alerts().values())
    for row in sender.incidents():
        is_firing = any(alert.state == "firing" for alert in alerts if alert.incident_id == row.pk)
        assert (row.status == "resolved") is not is_firing, (row.status, alerts)


@formats(9)
def test_replays(make_sender, kind):
    """The same request again, once or a hundred times, by an impatient sender or a thief: nothing new."""
    sender, dialect = make_sender(kind), DIALECTS[kind]
    body, end = dialect.body(AlertSample(at=ago(10))), dialect.body(AlertSample(over=True))
    assert post(sender, body).status_code == dialect.taken
    once = stored(sender)
    for _ in range(3):
        assert post(sender, body).status_code == dialect.taken
    assert stored(sender) == once
    post(sender, end)
    ended = stored(sender)
    for _ in range(3):
        post(sender, end)
    assert stored(sender) == ended
