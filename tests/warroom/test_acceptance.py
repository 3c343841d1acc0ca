"""Checks of the whole: repeats at once, a killed worker, the error table by name, roles over Slack."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.models import Membership
from core.queue.retry import PassingError, PermanentError
from core.queue.runner import run_due
from incidents.correlation.services.opening import declare_incident
from incidents.models import TimelineEntry
from tests import servers
from tests.fakes.slack.server import FakeSlack
from tests.threads import at_once
from tests.warroom.connected import connect
from warroom.connection.services.linking import link_member
from warroom.models import Announcement, RoomStep, SlackInbox, SlackTeam
from warroom.queues import SLACK
from warroom.slack.client import call
from warroom.slack.errors import (
    SlackBusyError,
    SlackRefusedError,
    SlackRevokedError,
    SlackUnknownError,
)

TS = "1700000000.000100"
# Every row of the error table of the design: Slack's error -> the resulting state of a call.
TABLE = {
    "ratelimited": SlackBusyError,
    **dict.fromkeys(
        ("500", "503", "internal_error", "fatal_error", "service_unavailable", "request_timeout"),
        SlackUnknownError,
    ),
    **dict.fromkeys(
        (
            "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
            "org_login_required",
        ),
        SlackRevokedError,
    ),
    **dict.fromkeys(
        (
            "already_in_channel", "already_pinned", "already_archived", "message_not_modified", "name_taken",
            "invalid_name_specials", "not_in_channel", "channel_not_found", "is_archived",
            "message_not_found", "cant_update_message", "user_not_found", "cant_invite", "user_is_restricted",
            "ura_max_channels",
            "msg_too_long", "invalid_blocks", "invalid_attachments", "missing_scope", "restricted_action",
            "not_allowed_token_type", "no_permission", "expired_trigger_id", "exchanged_trigger_id",
            "too_many_convos_for_team", "cannot_create_channel", "a_word_of_tomorrow",
        ),
        SlackRefusedError,
    ),
}  # fmt: skip
ROLES = {"viewer": False, "responder": True, "manager": True, "admin": True}


@pytest.mark.django_db
def test_every_row_of_the_error_table_by_name(connected):
    team = connected.team
    for code, expected in TABLE.items():
        SlackTeam.objects.of(team.workspace_id).update(state="ok", reason="", paused={})
        team.refresh_from_db()
        connected.fake.fail("chat.postMessage", code)
        with pytest.raises((PassingError, PermanentError)) as raised:
            call(team, "chat.postMessage", channel=connected.announce.id, text="x")
        assert type(raised.value) is expected, code
        if expected is SlackRefusedError:
            assert raised.value.hint, code
        team.refresh_from_db()
        is_revoked = expected is SlackRevokedError
        assert (team.state == "revoked") is is_revoked, code
        assert bool(team.reason) is (is_revoked or team.state == "degraded"), code
    for drops_after in (True, False):
        connected.fake.drop("chat.postMessage", after=drops_after)
        with pytest.raises(SlackUnknownError):
            call(team, "chat.postMessage", channel=connected.announce.id, text="x")


@pytest.mark.django_db
def test_roles_over_slack_are_those_of_the_web(connected, make_actor):
    incident = connected.open("sev3")
    for number, (role, may_write) in enumerate(ROLES.items()):
        make_actor(role, username=f"member.{role}")
        slack_id = connected.slack.person(f"U0ROLE{number}", f"{role}@nowhere.test")
        link_member(connected.admin, slack_id=slack_id, username=f"member.{role}")
        assert "Checkout" in connected.command("list", user=slack_id).json()["text"], role
        for verb in ("note", "update"):
            before = incident.timeline.filter(kind=verb).count()
            connected.command(f"{verb} INC-{incident.number} by {role}", user=slack_id)
            assert incident.timeline.filter(kind=verb).count() - before == int(may_write), (role, verb)
    Membership.objects.of(incident.workspace_id).filter(user__username="member.admin").update(role="viewer")
    before = incident.timeline.count()
    connected.command(f"note INC-{incident.number} after the change", user="U0ROLE3")
    assert incident.timeline.count() == before


@pytest.fixture
def committed(transactional_db, settings, admin, actor):
    """A connected workspace whose rows other connections see."""
    with connect(settings, admin, actor) as team:
        yield team


def test_requests_repeated_and_shuffled_sixteen_at_once_have_one_effect(committed):
    """Acceptance check 4."""
    incident = committed.open()
    channel = committed.slack.channels[committed.room(incident).channel_id]
    channel.messages[TS] = {"ts": TS, "user": committed.adam, "text": "Disk full", "reactions": ["pushpin"]}
    fake: FakeSlack = committed.fake
    item = {"type": "message", "channel": channel.id, "ts": TS}
    reaction = {"type": "reaction_added", "user": committed.rita, "reaction": "pushpin", "item": item}
    payloads = [
        ("commands", fake.command(f"note INC-{incident.number} once", committed.rita, channel.id)),
        ("commands", fake.command(f"ack INC-{incident.number}", committed.rita, channel.id)),
        ("events", fake.event(reaction, "Ev1")),
        ("interactions", fake.interaction(
            "message_action", committed.rita, callback_id="add_to_timeline", message=channel.messages[TS],
            channel={"id": channel.id}, message_ts=TS,
        )),
    ]  # fmt: skip
    sent = [payload for payload in payloads for _ in range(4)]
    random.Random(7).shuffle(sent)
    responses = at_once(16, lambda index: committed.send(*sent[index]).status_code)
    assert responses == [200] * 16
    at_once(4, lambda _: run_due(SLACK))
    for second in range(6):
        committed.settle(later=60 + second)
    kinds = list(
        TimelineEntry.objects.of(incident.workspace_id)
        .filter(incident=incident)
        .values_list("kind", flat=True)
    )
    assert (kinds.count("note"), kinds.count("acknowledged")) == (2, 1)
    assert SlackInbox.objects.of(incident.workspace_id).count() == 4
    posted = [one["text"] for one in channel.messages.values() if "bot_id" in one]
    assert sum("*Note*" in one and "once" in one for one in posted) == 1
    assert len([one for one in fake.responses if one["text"].startswith("Note added")]) == 1


WORKER = """
import django
django.setup()
from core.queue.runner import run_due
from core.queues import RELAY
from warroom.queues import SLACK
while run_due(RELAY) + run_due(SLACK):
    pass
"""


def test_worker_killed_after_slack_acted_leaves_one_of_each(committed):
    """Acceptance check 2, a sample: kill -9 between the call and its response."""
    incident = declare_incident(committed.actor, title="Checkout returns 500", severity="sev1")
    environment = {
        **os.environ, "TOCSIN_ENV": "test", "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": servers.database_url(),
        "REDIS_URL": django_settings.REDIS_URL, "SECRET_KEY": django_settings.SECRET_KEY,
        "SLACK_API_URL": committed.fake.api_url, "HTTP_ALLOWED_NETWORKS": "127.0.0.0/8",
    }  # fmt: skip
    for method in ("conversations.create", "chat.postMessage"):
        committed.fake.kill(method)
        with subprocess.Popen(
            [sys.executable, "-c", WORKER], env=environment, stderr=subprocess.PIPE
        ) as worker:
            committed.fake.victim = worker
            _, errors = worker.communicate(timeout=120)
        assert worker.returncode == -9, errors.decode()[-2000:]
        for model in (RoomStep, Announcement):
            model.objects.of(incident.workspace_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    for minute in range(1, 5):
        committed.settle(later=70 * minute)
    rooms = [one for one in committed.slack.channels.values() if one.name.startswith("inc-")]
    assert len(rooms) == 1
    card = committed.room(incident).card_ts
    cards = [one for one in rooms[0].messages.values() if "resolve_incident" in str(one.get("blocks"))]
    assert [one["ts"] for one in cards] == [card]
    assert rooms[0].pins == [card]
    assert len(committed.announce.messages) == 1
    assert committed.fake.calls("conversations.create").count("ok") == 1
