"""Receiving webhooks: authentication, size, encodings, and quarantine of unreadable requests."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import zlib
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.errors import Conflict, Forbidden, Invalid, Malformed, NotFound
from detection.evaluation.services.sweeper import forget_requests
from detection.models import Event, QuarantinedRequest, Source, SourceSecret, SourceTally
from detection.quarantine.services.replaying import replay
from detection.sources.services import sources
from detection.webhooks.services import alerting
from tests.detection.webhooks.senders import Sender, burning, group

pytestmark = pytest.mark.django_db
GOOD = group(burning("a"))
BASES = {
    "alertmanager": {**GOOD},
    "grafana": {
        "ruleId": 1, "ruleName": "x", "state": "alerting", "orgId": 1, "tags": {}, "message": "",
    },
    "pagerduty": {
        "event_action": "trigger", "dedup_key": "x", "links": [], "images": [], "client": "",
        "payload": {"summary": "x", "source": "y", "severity": "info"},
    },
    "opsgenie": {
        "message": "x", "alias": "y", "priority": "P1", "details": {}, "tags": [], "description": "",
        "entity": "", "source": "", "note": "",
    },
}  # fmt: skip


def waiting(sender: Sender) -> list[QuarantinedRequest]:
    return list(QuarantinedRequest.objects.of(sender.source.workspace_id).order_by("id"))


def signed(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/webhooks/alertmanager/" + "x" * 32, 404, "source_unknown"),
        ("/api/v1/webhooks/alertmanager/short", 404, "source_unknown"),
        ("/api/v1/webhooks/grafana/{key}", 404, "source_unknown"),
        ("/api/v1/webhooks/telegraph/{key}", 404, "not_found"),
    ],
)
def test_unknown_key_or_the_key_of_another_format_is_404(make_sender, address, status, code):
    sender = make_sender()
    response = sender.post(GOOD, address=address.format(key=sender.key))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert sender.key not in response.content.decode()
    assert sender.incidents() == []


def test_source_switched_off_stores_nothing(make_sender, admin):
    sender = make_sender()
    sources.update_source(admin, source_id=sender.source.pk, enabled=False)
    assert sender.post(GOOD).status_code == 403
    assert sender.incidents() == []


def test_two_keys_are_live_while_one_replaces_the_other(make_sender, admin):
    sender = make_sender()
    second = Sender(sender.source, sources.add_key(admin, source_id=sender.source.pk))
    assert [s.post(GOOD).status_code for s in (sender, second)] == [202, 202]
    with pytest.raises(Conflict):
        sources.add_key(admin, source_id=sender.source.pk)
    first = SourceSecret.objects.of(sender.source.workspace_id).order_by("id")[0]
    sources.revoke_secret(admin, source_id=sender.source.pk, secret_id=first.pk)
    assert [s.post(GOOD).status_code for s in (sender, second)] == [404, 202]
    only = SourceSecret.objects.of(sender.source.workspace_id).get(revoked_at=None)
    with pytest.raises(Conflict):
        sources.revoke_secret(admin, source_id=sender.source.pk, secret_id=only.pk)


def test_signature_is_required_with_a_secret_and_two_secrets_are_live(make_sender, admin):
    sender, body = make_sender("grafana"), json.dumps(GOOD).encode()
    assert sender.post(body).status_code == 202
    for secret in ("first secret", "second secret"):
        sources.add_signing_secret(admin, source_id=sender.source.pk, text=secret)
        assert sender.post(body, x_grafana_alerting_signature=signed(secret, body)).status_code == 202
        stamp = {"x_grafana_alerting_timestamp": "1763726400"}
        mark = signed(secret, b"1763726400:" + body)
        assert sender.post(body, x_grafana_alerting_signature=mark, **stamp).status_code == 202
    for wrong in ("", "x", signed("third secret", body), signed("first secret", body + b" ")):
        response = sender.post(body, x_grafana_alerting_signature=wrong)
        assert (response.status_code, response.json()["code"]) == (401, "bad_signature")
    assert waiting(sender) == []


def test_keys_and_secrets_are_not_stored_in_the_clear(make_sender, admin):
    sender = make_sender()
    sources.add_signing_secret(admin, source_id=sender.source.pk, text="a secret of ours")
    for row in SourceSecret.objects.of(sender.source.workspace_id):
        assert sender.key not in row.sealed + row.digest
        assert "a secret of ours" not in row.sealed + row.digest


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda b: zlib.compress(b)[2:-4]),
        ("identity", bytes),
    ],
)
def test_compressed_body_is_taken(make_sender, encoding, pack):
    sender = make_sender()
    assert sender.post(pack(json.dumps(GOOD).encode()), content_encoding=encoding).status_code == 202
    assert sender.only_incident().number == 1


TWICE = gzip.compress(gzip.compress(b" " * 99, mtime=0), mtime=0)
# Fifteen times what any format takes, in sixty kilobytes; the limit ends it a quarter of a format's way in.
BOMB = gzip.compress(b" " * 60_000_000, 1, mtime=0)


@pytest.mark.parametrize(
    ("body", "headers", "status", "is_quarantined"),
    [
        (BOMB, {"content_encoding": "gzip"}, 413, True),
        (TWICE, {"content_encoding": "gzip, gzip"}, 415, False),
        (b"x", {"content_encoding": "br"}, 415, False),
        (b"no gzip", {"content_encoding": "gzip"}, 400, True),
        (gzip.compress(b"{}" * 900, mtime=0)[:-9], {"content_encoding": "gzip"}, 400, True),
        (b" " * 16_000_001, {}, 413, True),
        (b"{}", {"kind": "text/html"}, 415, False),
        (b"a=b", {"kind": "application/x-www-form-urlencoded"}, 415, False),
        (json.dumps(GOOD).encode("utf-16-le"), {}, 400, True),
        ('{"version": "4", "groupKey": "é"}'.encode("latin-1"), {}, 400, True),
        (b'{"version": "4", "groupKey": "\\u0000"}', {}, 422, True),
        (b"[" * 100_000 + b"]" * 100_000, {}, 400, True),
        (b"", {}, 400, True),
        (b"[]", {}, 422, True),
    ],
    ids=[
        "a bomb", "packed twice", "brotli", "not gzip", "gzip cut short", "too large", "html", "a form",
        "utf-16", "latin-1", "nul", "deep", "nothing", "empty list",
    ],
)  # fmt: skip
def test_unreadable_body_is_refused_and_quarantined_where_useful(
    make_sender, body, headers, status, is_quarantined
):
    sender = make_sender()
    response = sender.post(body, **headers)
    assert (response.status_code, response.json().get("quarantined", False)) == (status, is_quarantined), (
        response.content
    )
    # Of a too large body only the row is stored.
    assert [bytes(row.body) for row in waiting(sender)] == (
        [b"" if status == 413 else body] if is_quarantined else []
    )
    assert Event.objects.of(sender.source.workspace_id).count() == 0


@pytest.mark.parametrize("kind", BASES)
def test_hostile_values_do_no_harm_to_any_format(make_sender, kind):
    sender, deep = make_sender(kind), json.loads("[" * 40 + "]" * 40)
    address = "/v2/alerts" if kind == "opsgenie" else ""
    odd = [None, 10**30, "", {"a": deep}, "<script>\u202e" + "9" * 5000, [[7], {}]]
    for name in BASES[kind]:
        for value in odd:
            response = sender.post(
                {**BASES[kind], name: value}, address=address, authorization=f"GenieKey {sender.key}"
            )
            assert response.status_code in {202, 400, 422}, (name, value, response.content)


def test_partly_readable_body_is_partly_quarantined(make_sender):
    sender = make_sender()
    response = sender.post(group(burning("a"), {"status": "asleep"}))
    assert (response.status_code, response.json()["accepted"], response.json()["refused"]) == (202, 1, 1)
    assert response.json()["errors"][0]["position"] == 1
    assert response.json()["quarantined"] is True
    assert sender.only_incident().number == 1


def test_same_unreadable_body_again_is_only_counted(make_sender):
    sender = make_sender()
    for _ in range(3):
        sender.post(b"{")
    [row] = waiting(sender)
    assert (row.times, row.reason) == (3, "malformed")


def test_quarantine_is_bounded_and_reports_it(make_sender, monkeypatch):
    monkeypatch.setattr("detection.quarantine.services.quarantine.MAX_WAITING", 2)
    sender = make_sender()
    responses = [sender.post(b"{" * n).json().get("quarantined", False) for n in (1, 2, 3)]
    assert responses == [True, True, False]


def test_no_credential_is_stored_in_quarantine(make_sender):
    sender = make_sender()
    sender.post(
        b"{", authorization="Bearer s3cret-s3cret", cookie="a=s3cret", x_api_key="s3cret", user_agent="curl"
    )
    [row] = waiting(sender)
    assert "s3cret" not in json.dumps([row.headers, row.query, row.path, row.detail])
    assert row.headers["user-agent"] == "curl"


def test_request_is_replayed_once_it_can_be_read(make_sender, admin, actor):
    sender = make_sender()
    older = {**GOOD, "version": "3"}
    sender.post(older)
    [row] = waiting(sender)
    with pytest.raises(Forbidden):
        replay(actor, quarantined_id=row.pk)
    with pytest.raises(Invalid):
        replay(admin, quarantined_id=row.pk)
    QuarantinedRequest.objects.of(row.workspace_id).update(body=json.dumps(GOOD).encode())
    assert replay(admin, quarantined_id=row.pk).opened == ("INC-1",)
    with pytest.raises(Conflict):
        replay(admin, quarantined_id=row.pk)
    with pytest.raises(NotFound):
        replay(admin, quarantined_id=row.pk + 1)


def test_replay_commits_its_alerts_in_parts_and_begins_once(make_sender, admin, monkeypatch):
    sender = make_sender()
    sender.post({**GOOD, "version": "3"})
    [row] = waiting(sender)
    body = group(*(burning(name) for name in "abcde"))
    rows = QuarantinedRequest.objects.of(row.workspace_id)
    rows.update(body=json.dumps(body).encode())
    monkeypatch.setattr(alerting, "MAX_AT_ONCE", 2)
    monkeypatch.setattr(alerting, "follow", cut_off_after(1, alerting.follow))
    with pytest.raises(CutOff):
        replay(admin, quarantined_id=row.pk)
    assert len(sender.alerts()) == 2  # the first part was committed
    with pytest.raises(Conflict, match="Someone else is replaying"):
        replay(admin, quarantined_id=row.pk)
    monkeypatch.undo()
    rows.update(replaying_until=timezone.now())  # its time is over
    receipt = replay(admin, quarantined_id=row.pk)
    assert (receipt.stored, receipt.duplicates) == (3, 2)
    assert sender.only_incident().event_count == 5
    row.refresh_from_db()
    assert (row.replayed_at is not None, row.replaying_until) == (True, None)


class CutOff(BaseException):
    """The process ends."""


def cut_off_after(calls, real):
    """`real`, but at the call after that many the process ends."""
    left = iter(range(calls))

    def follow(*args, **kwargs):
        if next(left, None) is None:
            raise CutOff
        return real(*args, **kwargs)

    return follow


def test_replay_does_not_undo_later_alerts(make_sender, admin):
    sender = make_sender()
    sender.post({**GOOD, "version": "3"})
    [row] = waiting(sender)
    sender.post(GOOD)
    sender.post({**group(burning("a") | {"status": "resolved", "endsAt": timezone.now().isoformat()})})
    QuarantinedRequest.objects.of(row.workspace_id).update(body=json.dumps(GOOD).encode())
    replay(admin, quarantined_id=row.pk)
    assert sender.only_incident().status == "resolved"


def test_replayed_events_count_once_and_when_they_were_received(make_sender, admin):
    mapping = {"kind": "event", "title": "text", "component": "host"}
    sender = make_sender("generic", mapping=mapping)
    elements = [{"text": "Slow", "host": "db-1"}] * 2 + [{"headline": "Down", "host": "db-2"}]
    with time_machine.travel(timezone.now() - timedelta(days=2)):
        assert sender.post(elements).status_code == 202
        assert sender.post([*elements, {"text": "Fine"}]).status_code == 202
    [row, other] = waiting(sender)
    events = Event.objects.of(row.workspace_id)
    assert events.count() == 5
    sources.update_source(admin, source_id=sender.source.pk, mapping=mapping | {"title": "text | headline"})
    receipt = replay(admin, quarantined_id=row.pk)
    assert (receipt.stored, receipt.duplicates) == (1, 2)
    down = events.get(message="Down")
    assert (down.occurred_at, down.is_late, down.source) == (row.received_at, True, "db-2")
    assert replay(admin, quarantined_id=other.pk).stored == 1
    assert events.count() == 7


def test_quarantine_and_tallies_are_forgotten_in_time(make_sender):
    sender = make_sender()
    sender.post(b"{")
    assert forget_requests(timezone.now() + timedelta(days=13)) == 1  # the tally
    assert forget_requests(timezone.now() + timedelta(days=15)) == 1
    assert waiting(sender) == []


def test_old_resolved_alert_is_deleted_and_a_firing_one_is_not(make_sender):
    sender = make_sender()
    ended = {"status": "resolved", "endsAt": timezone.now().isoformat()}
    sender.post(group(burning("a"), burning("b")))
    sender.post(group(burning("a") | ended, burning("b")))
    forget_requests(timezone.now() + timedelta(days=31))
    assert list(sender.alerts()) == ["print-b"]


def test_source_counts_accepted_and_rejected_requests(make_sender):
    sender = make_sender()
    sender.post(GOOD)
    sender.post(b"{")
    tally = SourceTally.objects.of(sender.source.workspace_id).get()
    assert (tally.accepted, tally.refused, tally.quarantined, tally.events) == (1, 1, 1, 1)
    source = Source.objects.of(sender.source.workspace_id).get()
    assert source.last_seen_at is not None
    assert "JSON" in source.last_error


def test_too_many_events_a_second_return_retry_after(make_sender, settings, monkeypatch):
    from core.rate_limit.limiter import RateLimiter

    settings.EVENT_LIMIT_PER_WORKSPACE = 3
    meter = RateLimiter(1)
    monkeypatch.setattr("detection.ingest.limits.rate_limiter", lambda: meter)
    sender = make_sender()
    responses = [sender.post(group(burning(f"h{n}"))) for n in range(9)]
    refused = [response for response in responses if response.status_code == 429]
    assert refused
    assert refused[0]["Retry-After"] == "1"


def test_only_post_and_put_are_taken(make_sender):
    sender = make_sender()
    for method in ("GET", "DELETE", "OPTIONS"):
        response = sender.browser.generic(method, sender.address)
        assert response.status_code == 405, method
        assert "POST" in response["Allow"]


@pytest.mark.parametrize(
    "fields",
    [{"kind": "telegraph"}, {"name": ""}, {"name": "x" * 81}, {"reopen_minutes": -1}, {"reopen_minutes": "5"},
     {"default_severity": "purple"}, {"mapping": []}, {"enabled": 1}, {"colour": "red"}],
)  # fmt: skip
def test_source_is_refused_with_the_field_that_is_wrong(admin, fields):
    with pytest.raises(Invalid) as refused:
        sources.create_source(admin, **{"kind": "grafana", "name": "G", **fields})
    assert refused.value.faults[0].field == next(iter(fields))


def test_sources_are_made_by_admins_and_have_names_of_their_own(admin, actor):
    with pytest.raises(Forbidden):
        sources.create_source(actor, kind="grafana", name="G")
    sources.create_source(admin, kind="grafana", name="G")
    with pytest.raises(Conflict):
        sources.create_source(admin, kind="alertmanager", name="G")


def test_source_of_another_workspace_is_not_found(make_sender, make_actor, other_workspace):
    rival, source_id = make_actor("admin", inside=other_workspace), make_sender().source.pk
    for call in (
        lambda: sources.update_source(rival, source_id=source_id, name="Mine"),
        lambda: sources.delete_source(rival, source_id=source_id),
        lambda: sources.add_key(rival, source_id=source_id),
        lambda: sources.revoke_secret(rival, source_id=source_id, secret_id=1),
    ):
        with pytest.raises(NotFound):
            call()


def test_deleted_source_leaves_its_incidents(make_sender, admin):
    sender = make_sender()
    sender.post(GOOD)
    sources.delete_source(admin, source_id=sender.source.pk)
    assert sender.post(GOOD).status_code == 404
    assert sender.only_incident().status == "open"


def test_body_in_the_wrong_encoding_is_malformed_alone():
    from detection.webhooks.http.unpacking import unpacked

    with pytest.raises(Malformed):
        unpacked(b"", {"content-encoding": "gzip"}, 10)
