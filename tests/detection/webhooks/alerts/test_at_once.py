"""Many reports at once, on real connections: one incident each, and no report lost."""

from __future__ import annotations

import pytest

from detection.models import Event, SourceAlert
from incidents.models import Incident, TimelineEntry
from tests.detection.webhooks.senders import Sender, ago, burning, group, over
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def clone(sender: Sender) -> Sender:
    return Sender(sender.source, sender.key)


def test_one_notification_sent_concurrently_opens_one_incident(make_sender):
    sender, body = make_sender(), group(burning("a"), burning("b"))
    responses = at_once(12, lambda _: clone(sender).post(body).json())
    assert [response["opened"] for response in responses].count(["INC-1"]) == 1
    assert sum(response["accepted"] for response in responses) == 2
    assert sender.only_incident().event_count == 2
    assert TimelineEntry.objects.of(sender.source.workspace_id).count() == 1


def test_members_of_one_group_meet_in_one_incident(make_sender):
    sender = make_sender()
    at_once(12, lambda n: clone(sender).post(group(burning(f"h{n}"))))
    assert sender.only_incident().event_count == 12
    assert SourceAlert.objects.of(sender.source.workspace_id).filter(state="firing").count() == 12
    at_once(12, lambda n: clone(sender).post(group(over(f"h{n}"), status="firing")))
    assert sender.only_incident().status == "resolved"
    assert Event.objects.of(sender.source.workspace_id).count() == 24


def test_alerts_of_their_own_open_an_incident_each(make_sender):
    sender = make_sender()
    at_once(12, lambda n: clone(sender).post(group(burning(f"h{n % 4}"), key=f"group {n % 4}")))
    numbers = [incident.number for incident in sender.incidents()]
    assert numbers == [1, 2, 3, 4]


def test_firing_and_recovery_in_a_race_leave_no_contradiction(make_sender):
    """The last report wins; the alert and its incident agree in any case."""
    sender, start = make_sender(), ago(5)
    for _ in range(3):
        fire, end = group(burning("a", start=start)), group(over("a", start=start))
        at_once(8, lambda n, fire=fire, end=end: clone(sender).post(end if n % 2 else fire))
        row = SourceAlert.objects.of(sender.source.workspace_id).get(key="print-a")
        for incident in Incident.objects.of(sender.source.workspace_id):
            assert (incident.status == "resolved") is (row.state == "resolved")
    assert len(sender.incidents()) <= 1


def test_two_sources_and_a_burst_of_events_do_not_stop_each_other(make_sender, workspace):
    from accounts.actor import system_actor
    from detection.ingest.services.accept_events import accept_events

    one, two = make_sender(), make_sender("pagerduty", "Pager")
    machine, payload = system_actor(workspace.pk), {"summary": "x", "source": "s", "severity": "error"}

    def act(n: int) -> int:
        if n % 3 == 0:
            return int(clone(one).post(group(burning(f"h{n}"))).status_code)
        if n % 3 == 1:
            body = {"event_action": "trigger", "dedup_key": "k", "payload": payload}
            return int(clone(two).post(body).status_code)
        batch, _ = accept_events(machine, body=b'[{"source": "s", "level": "error", "event_id": "same"}]')
        return 202 if batch.events else 422

    assert at_once(12, act) == [202] * 12
    assert len(one.incidents()) == 2
