"""A severe incident from detection to closed: war room in Slack, roles, updates, timeline, SLA clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from accounts.actor import system_actor
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from detection.rules.services.rules import install_builtin_rules
from incidents.models import Incident, RoleAssignment, TimelineEntry
from tests.warroom.connected import connect

pytestmark = pytest.mark.django_db
ACKNOWLEDGE_MINUTES = {"sev1": 15, "sev2": 30}


@pytest.fixture
def connected(db, settings, admin, actor):
    with connect(settings, admin, actor) as team:
        yield team


def burst(workspace_id: int) -> None:
    """Twelve critical events of one service within a minute."""
    now = datetime.now(UTC)
    events = [
        {
            "event_id": f"burst-{n}", "source": "payments", "service": "payments", "level": "critical",
            "message": "Connection refused: database primary is down",
            "timestamp": (now - timedelta(seconds=5 * n)).isoformat(),
        }
        for n in range(12)
    ]  # fmt: skip
    batch, _ = accept_events(system_actor(workspace_id), body=orjson.dumps(events))
    assert not batch.faults
    drain()


def test_severe_incident_runs_from_detection_to_closed_in_its_room(connected):
    workspace_id = connected.team.workspace_id
    install_builtin_rules(system_actor(workspace_id))
    burst(workspace_id)
    connected.settle()
    incident = Incident.objects.of(workspace_id).get()
    minutes = ACKNOWLEDGE_MINUTES[incident.severity]
    assert incident.acknowledge_due_at == incident.detected_at + timedelta(minutes=minutes)

    room = connected.room(incident)
    channel = connected.slack.channels[room.channel_id]
    assert channel.name.startswith(f"inc-{incident.number}-")
    assert len(channel.name) <= len(f"inc-{incident.number}-") + 20
    assert channel.pins == [room.card_ts]
    assert len(connected.announce.messages) == 1

    for text in (
        "ack", "role tech_lead <@U0ADAM>", "role comms_lead <@U0RITA>",
        "status identified Primary lost its disk", "update Failing over to the replica",
        "status monitoring Replica serves traffic", "resolve Failed over", "close Reviewed",
    ):  # fmt: skip
        assert connected.command(text, channel=channel.id).status_code == 200
        for second in range(2):
            connected.settle(later=60 + second)

    incident.refresh_from_db()
    assert incident.status == "closed"
    assert incident.acknowledged_at <= incident.acknowledge_due_at
    times = (incident.detected_at, incident.acknowledged_at, incident.mitigated_at, incident.resolved_at,
             incident.closed_at)  # fmt: skip
    assert list(times) == sorted(times)
    held = RoleAssignment.objects.of(workspace_id).filter(incident=incident, ended_at=None)
    roles = {one.role: one.user.username for one in held.select_related("user")}
    assert roles == {"commander": "rita.responder", "tech_lead": "adam.admin", "comms_lead": "rita.responder"}
    kinds = set(
        TimelineEntry.objects.of(workspace_id).filter(incident=incident).values_list("kind", flat=True)
    )
    assert {
        "detected",
        "acknowledged",
        "role_assigned",
        "status_change",
        "update",
        "resolution",
        "slack",
    } <= kinds

    assert {connected.rita, connected.adam} <= set(channel.members)
    assert channel.topic.endswith("| Status: Closed")
    assert "Closed" in str(channel.messages[room.card_ts]["blocks"])
    texts = [one["text"] for one in channel.messages.values()]
    assert sum("Failing over to the replica" in one for one in texts) == 1
    assert sum("Failed over" in one for one in texts) == 1
    connected.settle(later=8 * 86_400)
    assert channel.is_archived
