"""From the first report of an alert to its recovery: one incident each, in any order of reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import AuditEntry
from detection.models import Event, IncidentEvent
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.models import TimelineEntry
from incidents.privacy.services import set_private
from tests.detection.webhooks.senders import ago, burning, group, over

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=31)


@pytest.fixture
def prod(make_sender):
    return make_sender("alertmanager")


def timeline_messages(sender) -> list[str]:
    entries = TimelineEntry.objects.of(sender.source.workspace_id).order_by("id")
    return list(entries.values_list("message", flat=True))


def test_firing_alert_opens_one_incident_with_all_its_details(prod):
    response = prod.post(group(burning("a", start=ago(3))))
    assert (response.status_code, response.json()["opened"]) == (202, ["INC-1"])
    incident = prod.only_incident()
    assert incident.title == "DiskFull: Disk of a is full"
    assert (incident.severity, incident.status, incident.source) == ("sev1", "open", "detected")
    assert incident.labels["instance"] == "a"
    assert datetime.now(UTC) - incident.started_at > timedelta(minutes=2)
    assert incident.event_count == 1
    assert timeline_messages(prod) == ["Prod: fires: DiskFull: Disk of a is full"]
    [event] = Event.objects.of(prod.source.workspace_id)
    assert (event.source, event.event_type, event.level) == ("a", "alert.firing", 4)
    assert event.metadata["detail"]["alert"]["generatorURL"] == "http://prom.test/graph"
    assert IncidentEvent.objects.of(prod.source.workspace_id).get().incident_id == incident.pk


def test_audit_names_the_source(prod):
    prod.post(group(burning()))
    prod.post(group(over()))
    rows = AuditEntry.objects.of(prod.source.workspace_id).filter(actor_kind="source").order_by("id")
    assert [(row.action, row.actor_label) for row in rows] == [
        ("incident.open", "Prod"), ("incident.resolve", "Prod"),
    ]  # fmt: skip


def test_repeated_alert_changes_nothing(prod):
    body = group(burning("a"), burning("b"))
    prod.post(body)
    before = timeline_messages(prod)
    again = prod.post(body).json()
    assert (again["accepted"], again["duplicates"], again["opened"]) == (0, 2, [])
    assert timeline_messages(prod) == before
    assert prod.only_incident().event_count == 2


def test_recovery_resolves_only_when_the_last_of_the_group_is_over(prod):
    prod.post(group(burning("a"), burning("b")))
    assert prod.post(group(over("a"), burning("b"))).json()["resolved"] == []
    assert prod.only_incident().status == "open"
    assert timeline_messages(prod)[-1] == "Prod: recovered: DiskFull: Disk of a is full. Still firing: 1."
    assert prod.post(group(over("a"), over("b"))).json()["resolved"] == ["INC-1"]
    assert prod.only_incident().status == "resolved"


def test_another_alert_of_the_group_joins_and_may_raise_the_severity(prod):
    prod.post(group(burning("a", severity="warning")))
    response = prod.post(group(burning("a", severity="warning"), burning("b", severity="critical")))
    assert response.json()["joined"] == ["INC-1"]
    assert prod.only_incident().severity == "sev1"


def test_alert_that_gets_worse_raises_its_incident_and_is_still_the_same(prod):
    prod.post(group(burning("a", severity="warning")))
    prod.post(group(burning("a", severity="critical")))
    assert prod.only_incident().severity == "sev1"
    prod.post(group(over("a", severity="critical")))
    assert prod.only_incident().status == "resolved"


def test_manually_lowered_severity_stays_while_the_sender_repeats(prod, actor):
    from incidents.lifecycle.services.responding import change_severity

    prod.post(group(burning("a")))
    change_severity(actor, severity="sev4", number=1)
    prod.post(group(burning("a")))
    assert prod.only_incident().severity == "sev4"


def test_recovery_under_another_group_key_finds_its_incident(prod):
    """Alertmanager forgets its groups when its routes change; the alert's fingerprint stays."""
    prod.post(group(burning("a"), key="{}/{team=x}:{}"))
    prod.post(group(burning("a"), key="{}/{team=y}:{}"))
    assert prod.only_incident().status == "open"
    prod.post(group(over("a"), key="{}/{team=z}:{}"))
    assert prod.only_incident().status == "resolved"


def test_resolved_group_resolves_its_unlisted_alerts(prod):
    prod.post(group(burning("a"), burning("b"), truncatedAlerts=7))
    prod.post(group(over("a"), burning("b"), truncatedAlerts=3))
    prod.post(group(over("b"), status="firing", truncatedAlerts=3))
    assert prod.only_incident().status == "open"
    prod.post(group(over("b"), truncatedAlerts=3))
    assert prod.only_incident().status == "resolved"


def test_only_unlisted_alerts_open_an_incident_too(prod):
    prod.post(group(over("a"), status="firing", truncatedAlerts=40))
    assert prod.only_incident().title == "40 more alerts"


def test_firing_again_soon_reopens_and_later_opens_a_linked_one(prod):
    prod.post(group(burning("a", start=ago(10))))
    prod.post(group(over("a", start=ago(10), end=ago(0))))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        prod.post(group(burning("a", start=ago(0))))
        assert prod.only_incident().status == "investigating"
        assert "Prod: fires again: DiskFull: Disk of a is full" in timeline_messages(prod)
        prod.post(group(over("a", start=ago(0), end=ago(-1))))
    with time_machine.travel(datetime.now(UTC) + LATER + timedelta(minutes=6)):
        prod.post(group(burning("a", start=ago(0))))
    first, second = prod.incidents()
    assert (first.status, second.status) == ("resolved", "open")
    assert list(second.related.all()) == [first]
    assert "It happened before: INC-1, DiskFull: Disk of a is full" in timeline_messages(prod)


def test_earlier_private_incident_is_not_named_in_a_visible_one(prod, make_actor):
    prod.post(group(burning("a", start=ago(10))))
    set_private(make_actor("admin"), number=1, is_private=True)
    prod.post(group(over("a", start=ago(10), end=ago(0))))
    with time_machine.travel(datetime.now(UTC) + LATER):
        prod.post(group(burning("a", start=ago(0))))
    _, second = prod.incidents()
    assert (second.is_private, list(second.related.all())) == (False, [])
    entries = TimelineEntry.objects.of(second.workspace_id).filter(incident=second)
    assert not [entry for entry in entries if "INC-1" in f"{entry.message} {entry.data}"]
    assert not AuditEntry.objects.of(second.workspace_id).filter(action="incident.recur").exists()


def test_without_a_window_every_episode_is_an_incident_of_its_own(make_sender):
    sender = make_sender(reopen_minutes=0)
    for minutes in (9, 6, 3):
        sender.post(group(burning("a", start=ago(minutes))))
        sender.post(group(over("a", start=ago(minutes), end=ago(minutes - 1))))
    assert [incident.status for incident in sender.incidents()] == ["resolved"] * 3


def test_manually_closed_incident_is_not_reopened(prod, actor):
    prod.post(group(burning("a", start=ago(10))))
    prod.post(group(over("a", start=ago(10))))
    close_incident(actor, number=1)
    prod.post(group(burning("a", start=ago(0))))
    assert [incident.status for incident in prod.incidents()] == ["closed", "open"]


def test_repeat_does_not_reopen_what_a_person_resolved_but_continued_firing_does(prod, actor):
    body = group(burning("a"))
    prod.post(body)
    resolve_incident(actor, number=1)
    prod.post(body)
    assert prod.only_incident().status == "resolved"
    with time_machine.travel(datetime.now(UTC) + LATER):
        prod.post(body)
    assert [incident.status for incident in prod.incidents()] == ["resolved", "open"]


def test_after_a_person_resolved_a_new_alert_of_the_group_brings_all_of_it_back(prod, actor):
    prod.post(group(burning("a")))
    resolve_incident(actor, number=1)
    prod.post(group(burning("a"), burning("b", start=ago(0))))
    assert prod.only_incident().status == "investigating"
    prod.post(group(burning("a"), over("b", start=ago(0))))
    assert prod.only_incident().status == "investigating"
    prod.post(group(over("a"), over("b", start=ago(0))))
    assert prod.only_incident().status == "resolved"


def test_late_alert_changes_nothing(prod):
    start = ago(10)
    prod.post(group(over("a", start=start, end=ago(5))))
    assert prod.incidents() == []
    prod.post(group(burning("a", start=start)))
    assert prod.incidents() == []
    prod.post(group(burning("a", start=ago(2))))
    assert prod.only_incident().status == "open"
    prod.post(group(over("a", start=ago(10), end=ago(5))))
    assert prod.only_incident().status == "open"


def test_contradictory_alerts_in_one_body_apply_by_time(prod):
    start = ago(10)
    prod.post(group(over("a", start=start, end=ago(5)), burning("a", start=start)))
    assert prod.incidents() == []
    prod.post(group(burning("b", start=ago(2)), over("b", start=ago(10), end=ago(5))))
    assert prod.only_incident().status == "open"


def test_source_that_opens_nothing_leaves_events_for_the_rules(make_sender):
    sender = make_sender(opens_incidents=False)
    assert sender.post(group(burning("a"))).json()["accepted"] == 1
    assert sender.incidents() == []
    assert sender.alerts()["print-a"].state == "firing"


def test_recovery_counts_after_opening_was_disabled(prod, admin):
    from detection.sources.services.sources import update_source

    prod.post(group(burning("a")))
    update_source(admin, source_id=prod.source.pk, opens_incidents=False)
    prod.post(group(over("a")))
    assert prod.only_incident().status == "resolved"


def test_thousands_of_alerts_in_one_body_are_one_incident(prod):
    body = group(*(burning(f"h{n}") for n in range(3000)))
    response = prod.post(body)
    assert (response.status_code, response.json()["accepted"]) == (202, 1000)
    assert prod.only_incident().title == "DiskFull: Disk of h0 is full and 999 more"
    assert prod.alerts()['unlisted:{}:{alertname="DiskFull"}'].title == "2000 more alerts"
    prod.post(group(*(over(f"h{n}") for n in range(1000)), status="resolved"))
    assert prod.only_incident().status == "resolved"


def test_times_from_the_ends_of_time_open_an_incident_that_begins_now(prod):
    for name, start in (
        ("a", "9999-12-31T23:59:59Z"),
        ("b", "0001-01-01T00:00:00Z"),
        ("c", "soon"),
        ("d", 5),
    ):
        prod.post(group(burning(name, start="x") | {"startsAt": start}, key=name))
    prod.post(group(burning("e", start=ago(-600)), key="e"))
    assert len(prod.incidents()) == 5
    for incident in prod.incidents():
        assert abs((incident.detected_at - incident.started_at).total_seconds()) < 5


def test_markup_in_labels_is_text(prod):
    label = {"labels": {"alertname": "<script>alert(1)</script>", "severity": "critical", "<b>": "<img>"}}
    prod.post(group(burning("a") | label))
    assert prod.only_incident().title.startswith("<script>alert(1)</script>")
    assert prod.only_incident().labels["<b>"] == "<img>"


def test_another_workspaces_source_with_the_same_keys_has_incidents_of_its_own(prod, other_workspace):
    from accounts.actor import system_actor
    from detection.sources.services.sources import create_source
    from tests.detection.webhooks.senders import Sender

    rival = Sender(*create_source(system_actor(other_workspace.pk), kind="alertmanager", name="Prod"))
    prod.post(group(burning("a")))
    rival.post(group(burning("a")))
    rival.post(group(over("a")))
    assert prod.only_incident().status == "open"
    assert rival.only_incident().status == "resolved"


def test_number_of_statements_does_not_grow_with_the_alerts(prod, django_assert_max_num_queries):
    prod.post(group(burning("z"), key="first"))
    with django_assert_max_num_queries(60):
        prod.post(group(*(burning(f"h{n}") for n in range(100))))
