"""A workspace connected to the fake Slack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import ip_network
from unittest.mock import patch

from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.queue.runner import run_due
from core.queues import RELAY
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from tests.fakes.slack.server import SECRET, TOKEN, FakeSlack, fake_slack
from warroom.connection.checking import check_slack
from warroom.connection.services.settings import SlackValues, put_slack
from warroom.models import Room, SlackTeam
from warroom.queues import SLACK


class Connected:
    """A workspace, its people in the fake Slack, and shortcuts to play both sides."""

    def __init__(self, fake: FakeSlack, admin, actor) -> None:
        self.fake, self.slack, self.admin, self.actor = fake, fake.slack, admin, actor
        self.announce = fake.slack.channel("incidents")
        self.rita = fake.slack.person("U0RITA", "rita.responder@example.test")
        self.adam = fake.slack.person("U0ADAM", "adam.admin@example.test")
        values = SlackValues(bot_token=TOKEN, signing_secret=SECRET, announce_channel="#incidents")
        put_slack(admin, values=values)
        self.team: SlackTeam = check_slack(admin)

    def settle(self, *, later: int = 0) -> None:
        """Let subscribers and the Slack worker run until nothing is due, `later` seconds from now."""
        while run_due(RELAY, at=_in(later)) + run_due(SLACK, at=_in(later)):
            pass

    def open(self, severity: str = "sev1", title: str = "Checkout returns 500", **more) -> Incident:
        """A declared incident with everything that follows in Slack."""
        incident = declare_incident(self.actor, title=title, severity=severity, **more)
        self.settle()
        return incident

    def room(self, incident: Incident) -> Room:
        return Room.objects.of(incident.workspace_id).get(incident=incident)

    def send(self, path: str, signed: tuple[bytes, dict[str, str]], *, raises: bool = True):
        """What Slack sends, as it arrives here. `raises`: our faults fail the test, else they are 5xx."""
        body, headers = signed
        extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        client = Client(raise_request_exception=raises)
        return client.post(f"/slack/{path}", body, content_type=headers["Content-Type"], **extra)

    def command(self, text: str, *, user: str = "", channel: str = "C0ANY", **more: str):
        """A slash command, and everything it causes. Returns the direct response."""
        reply = self.send("commands", self.fake.command(text, user or self.rita, channel, **more))
        self.settle()
        return reply


def _in(seconds: int) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


@contextmanager
def connect(settings, admin, actor) -> Iterator[Connected]:
    """Connect the workspace of both to a fake Slack; their addresses are proven.

    Announcements need not wait for each other.
    """
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    User.objects.filter(pk__in=[admin.user_id, actor.user_id]).update(address_proven_at=timezone.now())
    with fake_slack() as fake, patch("warroom.rooms.posting.take_turn", return_value=True):
        settings.SLACK_API_URL = fake.api_url
        yield Connected(fake, admin, actor)
