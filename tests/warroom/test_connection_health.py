"""Connection health: a connection that stops or resumes working is noticed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.health.checks import CHECKS, examine
from incidents.lifecycle.services.resolving import resolve_incident
from tests.fakes.slack.server import EVERY_SCOPE, TOKEN
from tests.web.signed_in import browser_for
from warroom.connection.services.settings import SlackValues, disconnect, put_slack
from warroom.inbound.probing import ARCHIVED, NOT_FOUND, plan_probes
from warroom.inbound.reconcile import plan_reconciling
from warroom.models import SlackInbox, SlackTeam

pytestmark = pytest.mark.django_db


def probe(connected, hours: int = 0) -> SlackTeam:
    """Ask Slack as the periodic task does, `hours` from now. Returns the team as it then is."""
    plan_probes(timezone.now() + timedelta(hours=hours))
    connected.settle(later=5)
    return SlackTeam.objects.of(connected.team.workspace_id).get()


def health():
    return CHECKS.get("slack")()


def test_revoked_token_is_noticed_and_a_restored_one_works_again(connected):
    assert probe(connected).state == "ok"
    assert health().level == "ok"
    connected.fake.tokens[TOKEN] = "token_revoked"
    team = probe(connected, 1)
    assert (team.state, "was revoked" in team.reason) == ("revoked", True)
    found = health()
    assert (found.level, found.workspaces) == ("warn", {team.workspace_id})
    assert "was revoked" in found.detail
    assert "was revoked" in browser_for(connected.admin).get("/settings/slack").content.decode()
    shown = examine()["slack"]  # what /readyz, the banner and manage.py doctor show
    assert "the Slack team Acme does not work" in shown.detail
    incident = connected.open()
    assert connected.room(incident).state == "opening"
    connected.fake.tokens[TOKEN] = "ok"
    assert probe(connected, 2).state == "ok"
    connected.settle(later=120)
    assert connected.room(incident).state == "open"


def test_lost_scope_is_named_until_it_is_back(connected):
    connected.fake.scopes.remove("pins:write")
    team = probe(connected)
    assert (team.state, team.reason) == ("degraded", "Missing scopes: pins:write.")
    connected.fake.scopes = EVERY_SCOPE.split(",")
    assert (probe(connected, 1).state, team.refresh_from_db(), team.reason) == ("ok", None, "")


def test_policy_that_forbids_something_stays_named_while_the_token_works(connected):
    SlackTeam.objects.of(connected.team.workspace_id).update(state="degraded", reason="A policy forbids it.")
    assert (probe(connected).state, probe(connected, 1).reason) == ("degraded", "A policy forbids it.")


def test_unavailable_slack_is_not_a_broken_connection(connected):
    connected.fake.fail("auth.test", "503", times=30)
    assert probe(connected).state == "ok"
    probes = SlackInbox.objects.of(connected.team.workspace_id).filter(kind="probe")
    assert set(probes.values_list("state", flat=True)) == {"done"}


def test_announcement_channel_that_is_gone_is_noticed_within_the_hour(connected):
    now = timezone.now().replace(minute=0, second=0)
    assert [plan_probes(now + timedelta(minutes=m)) for m in (0, 2, 10, 60)] == [2, 0, 1, 2]
    connected.announce.is_archived = True
    assert probe(connected, 2).announce_fault == ARCHIVED
    found = health()
    assert found.level == "warn"
    assert "not announced in the Slack team Acme" in found.detail
    assert "archived in Slack" in browser_for(connected.admin).get("/settings/slack").content.decode()
    del connected.slack.channels[connected.announce.id]
    assert probe(connected, 3).announce_fault == NOT_FOUND
    fresh = connected.slack.channel("incidents-2")
    put_slack(connected.admin, values=SlackValues(announce_channel="incidents-2"))
    team = probe(connected, 4)
    assert (team.announce_fault, team.announce_channel) == ("", fresh.id)
    assert health().level == "ok"


def test_refused_announcement_is_reported_at_once(connected):
    connected.announce.is_archived = True
    connected.open("sev3")
    connected.team.refresh_from_db()
    assert "archived" in connected.team.announce_fault


def test_failed_announcement_follows_to_the_channel_chosen_later(connected):
    connected.announce.is_archived = True
    incident = connected.open("sev3")
    over = connected.open("sev3", "Search is slow")
    resolve_incident(connected.actor, number=over.number)
    connected.settle()
    fresh = connected.slack.channel("incidents-2")
    put_slack(connected.admin, values=SlackValues(announce_channel="incidents-2"))
    probe(connected, 1)
    [posted] = fresh.messages.values()
    assert incident.reference in posted["text"]
    probe(connected, 2)
    assert len(fresh.messages) == 1


def test_revoked_token_of_one_person_does_not_matter(connected):
    event = {"type": "tokens_revoked", "tokens": {"oauth": ["U0RITA"], "bot": []}}
    connected.send("events", connected.fake.event(event, "Ev1"))
    connected.settle()
    connected.team.refresh_from_db()
    assert connected.team.state == "ok"
    event["tokens"]["bot"] = [connected.slack.bot_user_id]
    connected.send("events", connected.fake.event(event, "Ev2"))
    connected.settle()
    connected.team.refresh_from_db()
    assert connected.team.state == "revoked"


def test_rooms_are_compared_only_while_the_token_works(connected):
    connected.open()
    connected.open("sev3")  # has a thread alone
    connected.settle(later=120)
    now = timezone.now()
    connected.fake.tokens[TOKEN] = "token_revoked"
    assert plan_reconciling(now) == 2
    connected.settle(later=5)
    assert probe(connected, 1).state == "revoked"
    connected.settle(later=120)
    compared = SlackInbox.objects.of(connected.team.workspace_id).filter(kind="reconcile")
    assert set(compared.values_list("state", flat=True)) == {"done"}
    assert [plan_reconciling(now + timedelta(minutes=m)) for m in (5, 10)] == [0, 0]
    connected.fake.tokens[TOKEN] = "ok"
    assert probe(connected, 2).state == "ok"
    assert plan_reconciling(now + timedelta(minutes=15)) == 2
    connected.settle(later=120)
    assert connected.fake.calls("pins.list") == ["ok"]
    assert connected.fake.calls("conversations.replies")[-1] == "ok"
    disconnect(connected.admin)
    assert plan_reconciling(now + timedelta(minutes=20)) == 0
