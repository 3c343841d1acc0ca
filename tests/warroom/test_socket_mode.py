"""Socket Mode: the same function as HTTP, acknowledged when stored, replaced when silent."""

from __future__ import annotations

import pytest

from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.lifecycle.services.responding import change_severity, change_status
from incidents.models import Incident, TimelineEntry
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note, add_update
from tests.fakes.slack.server import APP_TOKEN
from tests.fakes.slack.sockets import wait_for
from tests.warroom.connected import connect
from tests.web.signed_in import browser_for
from warroom.connection.checks import _slack
from warroom.connection.services.settings import SlackValues, put_slack
from warroom.models import SlackInbox, SlackTeam
from warroom.socket_mode.serving import Sockets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def socket_team(settings, admin, actor):
    with connect(settings, admin, actor) as connected:
        put_slack(admin, values=SlackValues(app_token=APP_TOKEN, announce_channel=connected.announce.id))
        connected.sockets = Sockets(ping_every_s=0.2, max_silent_s=1.5)
        try:
            connected.sockets.look()
            yield connected
        finally:
            connected.sockets.close()


def command(connected, text: str, envelope_id: str = "", channel: str = "C0ANY") -> str:
    form = {
        "command": "/incident", "text": text, "user_id": connected.rita, "channel_id": channel,
        "team_id": connected.slack.team_id, "trigger_id": connected.slack.trigger(),
        "response_url": f"{connected.fake.receiver.url}/response/1",
    }  # fmt: skip
    return connected.fake.sockets.send("slash_commands", form, envelope_id)


def acknowledged(connected, envelope_id: str) -> dict:
    wait_for(lambda: bool(connected.fake.sockets.acks.get(envelope_id)))
    return connected.fake.sockets.acks[envelope_id][0]


def test_envelopes_are_stored_acknowledged_and_survive_every_way_of_losing_the_connection(socket_team):
    sockets, server = socket_team.sockets, socket_team.fake.sockets
    workspace_id = socket_team.team.workspace_id
    assert acknowledged(socket_team, command(socket_team, "list"))["text"] == "No active incidents."
    assert acknowledged(socket_team, command(socket_team, "declare sev3 From the socket")) == {}
    socket_team.settle()
    incident = Incident.objects.of(workspace_id).get()
    assert incident.title == "From the socket"

    wait_for(lambda: sockets.open[APP_TOKEN].is_alive())
    sockets.look()
    socket_team.team.refresh_from_db()
    assert socket_team.team.socket_seen_at is not None
    assert _slack().detail == "no connection to Slack is broken"

    server.refresh()  # Slack asks for a new connection about once an hour
    wait_for(lambda: server.opened == 2)
    acknowledged(socket_team, command(socket_team, f"note INC-{incident.number} after the refresh"))

    server.kill()
    envelope = command(socket_team, f"note INC-{incident.number} sent while away", "kept-for-later")
    wait_for(lambda: server.opened >= 3)
    acknowledged(socket_team, envelope)

    server.is_silent = True  # connected, and deaf

    def is_replaced() -> bool:
        sockets.look()
        return server.opened >= 4

    wait_for(is_replaced)
    server.is_silent = False
    command(
        socket_team, f"note INC-{incident.number} sent while away", "kept-for-later"
    )  # Slack repeats itself
    acknowledged(socket_team, command(socket_team, f"note INC-{incident.number} after the silence"))
    socket_team.settle(later=60)
    notes = TimelineEntry.objects.of(workspace_id).filter(incident=incident, kind="note").order_by("id")
    assert list(notes.values_list("message", flat=True)) == [
        "after the refresh", "sent while away", "after the silence",
    ]  # fmt: skip
    assert SlackInbox.objects.of(workspace_id).filter(key="kept-for-later").count() == 1


def test_refused_app_token_is_reported_and_retried(socket_team):
    sockets = socket_team.sockets
    SlackTeam.objects.of(socket_team.team.workspace_id).update(socket_seen_at=None)
    socket_team.fake.sockets.kill()
    sockets.close()
    socket_team.fake.tokens[APP_TOKEN] = "token_revoked"
    sockets.look()
    found = _slack()
    assert (found.level, "token_revoked" in found.detail) == ("warn", True)
    page = browser_for(socket_team.admin).get("/settings/slack").content.decode()
    assert "Slack rejected the app-level token: token_revoked." in page
    socket_team.fake.tokens[APP_TOKEN] = "ok"
    sockets.look()
    wait_for(lambda: sockets.open[APP_TOKEN].is_alive())
    sockets.look()
    assert _slack().detail == "no connection to Slack is broken"


SCRIPT = (
    "ack", "role tech_lead <@U0ADAM>", "status identified Primary lost its disk",
    "update Failing over to the replica", "note Replica lag is two seconds", "severity sev2",
    "resolve Failed over", "close Reviewed",
)  # fmt: skip


def on_the_web(actor, incident: Incident, tech_lead: int) -> None:
    """What the script does, by the services behind the pages."""
    number = incident.number
    acknowledge_incident(actor, number=number)
    assign_role(actor, number=number, role="tech_lead", user_id=tech_lead)
    change_status(actor, number=number, status="identified", message="Primary lost its disk")
    add_update(actor, number=number, message="Failing over to the replica", is_public=False)
    add_note(actor, number=number, message="Replica lag is two seconds")
    change_severity(actor, number=number, severity="sev2")
    resolve_incident(actor, number=number, message="Failed over")
    close_incident(actor, number=number, message="Reviewed")


def test_timelines_are_equal_over_http_socket_mode_and_the_web(socket_team):
    """Acceptance check 1: entry by entry, but for the interface they came by and the room."""
    made = [socket_team.open(title=f"Checkout fails {n}") for n in ("one", "two", "three")]
    by_http, by_socket, by_web = made
    for text in SCRIPT:
        assert socket_team.command(text, channel=socket_team.room(by_http).channel_id).status_code == 200
        acknowledged(socket_team, command(socket_team, text, channel=socket_team.room(by_socket).channel_id))
        socket_team.settle(later=60)
    on_the_web(socket_team.actor, by_web, socket_team.admin.user_id)
    socket_team.settle(later=120)
    posted = []
    for incident in made:
        rows = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident).exclude(kind="slack")
        posted.append([
            (one.kind, one.author_label, one.is_public, one.message.replace(incident.title, "T"))
            for one in rows.order_by("id")
        ])  # fmt: skip
    assert posted[0] == posted[1] == posted[2]
    assert len(posted[0]) >= len(SCRIPT)
