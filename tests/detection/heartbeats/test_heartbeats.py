"""Heartbeats: silent jobs open incidents once, beats resolve them, an outage of Tocsin shifts them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import Conflict, Forbidden, Invalid
from core.heartbeat.database import WEB
from core.queue.items import claim
from core.secrets.encryption import decrypt
from detection.heartbeats.models import Heartbeat, HeartbeatWatch
from detection.heartbeats.selectors import heartbeat_ok
from detection.heartbeats.services.beating import look, record_beat
from detection.heartbeats.services.heartbeats import (
    HeartbeatValues,
    create_heartbeat,
    set_paused,
    update_heartbeat,
)
from detection.sources.services.sources import create_source
from incidents.correlation.services.opening import declare_incident
from incidents.merging.services import merge_incidents
from incidents.models import Incident, TimelineEntry
from tests.detection.webhooks.senders import Sender, burning, group
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def monitor(make_actor):
    return create_heartbeat(make_actor("admin"), HeartbeatValues("backup", 60, 30, component="db"))


def look_at(moment):
    [item] = claim(HeartbeatWatch, 1, 0.0, at=moment)
    look(item.workspace_id, item, now=moment)


def watch_until(start, seconds):
    """Look every five seconds, as the worker does."""
    for passed in range(0, seconds + 1, 5):
        look_at(start + timedelta(seconds=passed))


def status(monitor):
    monitor.refresh_from_db()
    return monitor.status


def test_silent_job_opens_one_incident_and_a_beat_resolves_it(workspace, monitor):
    start = timezone.now()
    watch_until(start, 300)
    assert status(monitor) == "new"
    begin = start + timedelta(seconds=300)
    record_beat(workspace.pk, monitor.pk, now=begin)
    watch_until(begin + timedelta(seconds=5), 55)
    assert status(monitor) == "late"
    assert not heartbeat_ok(workspace.pk, ["db"])
    watch_until(begin + timedelta(seconds=65), 200)
    assert status(monitor) == "down"
    [incident] = Incident.objects.of(workspace.pk)
    assert (incident.title, incident.severity, incident.incident_type) == (
        "Heartbeat missed: backup", "sev2", "service_down",
    )  # fmt: skip
    record_beat(workspace.pk, monitor.pk, now=begin + timedelta(seconds=300))
    incident.refresh_from_db()
    assert (status(monitor), incident.status) == ("up", "resolved")
    assert heartbeat_ok(workspace.pk, ["db"]) is True
    assert heartbeat_ok(workspace.pk, ["web"]) is None


@pytest.fixture
def down(workspace, make_actor):
    """`down("a", "b")`: monitors that are down, INC-1 and so on."""

    def make(*names):
        values = [HeartbeatValues(name, 60, 30, component=name) for name in names]
        made = [create_heartbeat(make_actor("admin"), each) for each in values]
        start = timezone.now()
        for one in made:
            record_beat(workspace.pk, one.pk, now=start)
        watch_until(start, 100)
        assert [status(one) for one in made] == ["down"] * len(made)
        return made

    return make


def test_merged_incident_is_resolved_when_every_heartbeat_of_it_is_back(workspace, down, actor):
    a, b = down("a", "b")
    first, second = Incident.objects.of(workspace.pk).order_by("number")
    merge_incidents(actor, number=first.number, into=second.number)
    record_beat(workspace.pk, b.pk, now=timezone.now())
    second.refresh_from_db()
    assert second.status == "open"
    entry = TimelineEntry.objects.of(workspace.pk).filter(incident=second).latest("id")
    assert entry.message == "The heartbeat b is back. Heartbeats still down: 1."
    record_beat(workspace.pk, a.pk, now=timezone.now())
    second.refresh_from_db()
    assert second.status == "resolved"


def test_heartbeat_does_not_resolve_what_a_person_declared(workspace, down, actor):
    [a] = down("a")
    declared = declare_incident(actor, title="Everything is down", severity="sev1")
    merge_incidents(actor, number=1, into=declared.number)
    record_beat(workspace.pk, a.pk, now=timezone.now())
    declared.refresh_from_db()
    assert declared.is_unresolved
    entry = TimelineEntry.objects.of(workspace.pk).filter(incident=declared).latest("id")
    assert entry.message == "The heartbeat a is back."


@pytest.mark.parametrize("is_beat_first", [True, False])
def test_merged_alert_and_heartbeat_must_both_recover(workspace, down, actor, is_beat_first):
    [a] = down("a")
    sender = Sender(*create_source(system_actor(workspace.pk), kind="alertmanager", name="Prod"))
    sender.post(group(burning("a")))
    alert = sender.incidents()[-1]
    merge_incidents(actor, number=1, into=alert.number)

    def recover():
        sender.post(group(burning("a") | {"status": "resolved", "endsAt": timezone.now().isoformat()}))

    def beat():
        record_beat(workspace.pk, a.pk, now=timezone.now())

    first, second = (beat, recover) if is_beat_first else (recover, beat)
    first()
    alert.refresh_from_db()
    assert alert.status == "open"
    second()
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_outage_of_our_own_shifts_by_the_outage_only(workspace, monitor):
    start = timezone.now()
    look_at(start)
    record_beat(workspace.pk, monitor.pk, now=start)
    look_at(start + timedelta(seconds=5))
    back = start + timedelta(seconds=5 + 3600)
    look_at(back)
    assert status(monitor) == "up"
    assert monitor.due_at == start + timedelta(seconds=60 + 3600 - 5)
    watch_until(back + timedelta(seconds=5), 85)
    assert status(monitor) == "down"


def seen_web(age_s):
    """A web process gave its last sign so many seconds ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_workerheartbeat (name, seen_at)"
            " values (%s, clock_timestamp() - make_interval(secs => %s))"
            " on conflict (name) do update set seen_at = excluded.seen_at",
            [WEB, age_s],
        )


def test_outage_of_the_web_alone_shifts_by_the_outage_only(workspace, monitor):
    start = timezone.now()
    seen_web(0)
    look_at(start)
    record_beat(workspace.pk, monitor.pk, now=start)
    due = start + timedelta(seconds=60)
    for passed in range(5, 605, 5):  # the worker looks on, the web is away
        seen_web(passed)
        look_at(start + timedelta(seconds=passed))
    assert (status(monitor), monitor.due_at) == ("up", due)
    assert not Incident.objects.of(workspace.pk)

    seen_web(0)
    back = start + timedelta(seconds=605)
    look_at(back)
    assert status(monitor) == "up"
    assert timedelta(seconds=595) <= monitor.due_at - due <= timedelta(seconds=605)
    watch_until(back + timedelta(seconds=5), 90)
    assert status(monitor) == "down"


def test_changed_monitor_reschedules_its_deadline_at_the_same_address(workspace, monitor, make_actor):
    admin, start = make_actor("admin"), timezone.now()
    record_beat(workspace.pk, monitor.pk, now=start)
    changed = update_heartbeat(admin, monitor.pk, name="nightly  backup", period_s=300, severity="sev1")
    assert (changed.name, changed.severity, changed.digest) == ("nightly backup", "sev1", monitor.digest)
    assert changed.due_at == start + timedelta(seconds=300)
    down_at = timezone.now() + timedelta(seconds=20)
    Heartbeat.objects.of(workspace.pk).update(status="late", due_at=down_at)
    update_heartbeat(admin, monitor.pk, grace_s=60)
    assert (status(monitor), monitor.due_at) == ("late", down_at + timedelta(seconds=30))
    update_heartbeat(admin, monitor.pk, period_s=600)
    assert (status(monitor), monitor.due_at) == ("up", down_at + timedelta(seconds=300 - 30))


def test_change_of_a_monitor_is_refused_as_its_creation_is(workspace, monitor, make_actor):
    admin = make_actor("admin")
    create_heartbeat(admin, HeartbeatValues("report", 60, 30))
    with pytest.raises(Conflict):
        update_heartbeat(admin, monitor.pk, name="report")
    with pytest.raises(Invalid):
        update_heartbeat(admin, monitor.pk, period_s=5)
    with pytest.raises(Forbidden):
        update_heartbeat(make_actor("responder"), monitor.pk, period_s=90)


def test_page_changes_a_monitor(admin, monitor):
    client = browser_for(admin)
    address = f"/heartbeats/{monitor.pk}"
    assert 'value="backup"' in client.get(address).content.decode()
    given = {"name": "backup", "period_s": "5", "grace_s": "30", "component": "db", "severity": "sev2"}
    assert client.post(address, given).status_code == 422
    assert client.post(address, given | {"period_s": "90"}).status_code == 303
    monitor.refresh_from_db()
    assert monitor.period_s == 90


def test_paused_monitor_opens_nothing(workspace, monitor, make_actor):
    start = timezone.now()
    record_beat(workspace.pk, monitor.pk, now=start)
    set_paused(make_actor("admin"), monitor.pk, paused=True)
    watch_until(start, 200)
    assert status(monitor) == "paused"
    record_beat(workspace.pk, monitor.pk, now=start)
    assert status(monitor) == "paused"


def test_address_takes_get_and_post_and_refuses_unknown_keys(client, monitor):
    address = f"/heartbeats/ping/{decrypt(monitor.sealed)}"
    assert client.get(address).json() == {"status": "up", "name": "backup"}
    assert client.post(address).status_code == 200
    assert client.get("/heartbeats/ping/unknown").status_code == 404
    assert client.put(address).status_code == 405


def test_address_is_rate_limited(client, monitor):
    address = f"/heartbeats/ping/{decrypt(monitor.sealed)}"
    assert 429 in {client.get(address).status_code for _ in range(70)}


def test_opsgenie_client_beats(client, monitor, make_actor):
    _, key = create_source(make_actor("admin"), kind="opsgenie", name="Ops")
    given = {"HTTP_AUTHORIZATION": f"GenieKey {key}"}
    replied = client.post("/v2/heartbeats/backup/ping", **given)
    assert (replied.status_code, replied.json()["result"]) == (202, "PONG - Heartbeat received")
    assert status(monitor) == Heartbeat.Status.UP
    assert client.get("/v2/heartbeats/backup", **given).json()["data"]["expired"] is False
    assert client.get("/v2/heartbeats/other/ping", **given).status_code == 404
    assert client.get("/v2/heartbeats/backup/ping").status_code == 401


@pytest.mark.parametrize(
    ("method", "rest"),
    [("delete", ""), ("patch", ""), ("post", ""), ("post", "/disable"), ("post", "/enable")],
)
def test_opsgenie_client_cannot_change_a_heartbeat(client, monitor, make_actor, method, rest):
    _, key = create_source(make_actor("admin"), kind="opsgenie", name="Ops")
    refused = getattr(client, method)(f"/v2/heartbeats/backup{rest}", HTTP_AUTHORIZATION=f"GenieKey {key}")
    assert refused.status_code == 403
    assert "Nothing was changed" in refused.content.decode()
    assert Heartbeat.objects.of(monitor.workspace_id).filter(pk=monitor.pk).exists()


@pytest.mark.parametrize(("period", "grace"), [(29, 0), (60, -1), (10**8, 0)])
def test_period_out_of_range_is_refused(make_actor, period, grace):
    with pytest.raises(Invalid):
        create_heartbeat(make_actor("admin"), HeartbeatValues("x", period, grace))
