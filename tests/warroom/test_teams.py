"""Several Slack teams of a workspace, several workspaces of a Slack team, and linking of accounts."""

from __future__ import annotations

import re

import pytest

from accounts.models import AuditEntry, User, Workspace
from core.errors import Conflict
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from tests.fakes.slack.server import SECRET, TOKEN
from tests.warroom.acting import submit, text
from tests.web.signed_in import browser_for
from warroom.connection.checking import check_slack
from warroom.connection.services.linking import link_member
from warroom.connection.services.settings import SlackValues, put_slack
from warroom.models import Announcement, Room, SlackTeam, SlackUser

pytestmark = pytest.mark.django_db
OTHER_TOKEN = "xoxb-of-the-other-team"


@pytest.fixture
def second(connected):
    """A second Slack team of the workspace, with its own announcement channel."""
    slack = connected.fake.another_team("T0SECOND", "Second", OTHER_TOKEN)
    channel = slack.channel("alerts")
    browser = browser_for(connected.admin)
    form = {"team": "new", "bot_token": OTHER_TOKEN, "announce_channel": "alerts", "archive_days": "7"}
    form["opens_rooms"] = "on"
    saved = browser.post("/settings/slack", form)
    assert saved.status_code == 303
    team = SlackTeam.objects.of(connected.team.workspace_id).get(is_default=False)
    assert browser.post("/settings/slack/check", {"team": team.pk}).status_code == 303
    team.refresh_from_db()
    assert (team.name, team.state, team.announce_channel) == ("Second", "ok", channel.id)
    return team, channel


def test_each_team_announces_and_rooms_are_opened_in_the_default_one(connected, second):
    team, channel = second
    incident = connected.open()
    connected.settle(later=60)
    assert Room.objects.of(incident.workspace_id).get().team_id == connected.team.pk
    assert len(connected.announce.messages) == len(channel.messages) == 1
    assert Announcement.objects.of(incident.workspace_id).count() == 2
    page = browser_for(connected.actor).get(f"/incidents/{incident.reference}").content.decode()
    assert "Second: Announced in Slack." in " ".join(page.split())
    browser_for(connected.admin).post("/settings/slack/default", {"team": team.pk})
    later = connected.open(title="Database is down")
    assert connected.room(later).team_id == team.pk
    put_slack(connected.admin, values=SlackValues(bot_token=TOKEN), team_id=team.pk)
    with pytest.raises(Conflict, match="connected to this workspace already"):
        check_slack(connected.admin, team_id=team.pk)


def test_settings_of_another_workspace_are_not_found(connected, second, make_actor):
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    outsider = make_actor("admin", inside=elsewhere)
    browser = browser_for(outsider)
    assert browser.get(f"/settings/slack?team={second[0].pk}").status_code == 404
    for verb in ("check", "test", "default", "disconnect", "people"):
        given = {"team": second[0].pk, "username": "x", "slack_id": "U0X"}
        assert browser.post(f"/settings/slack/{verb}", given).status_code == 404, verb


def test_workspaces_that_share_a_slack_team_each_get_their_own_commands(connected, make_actor):
    own = connected.open(title="Mine is down")
    elsewhere = Workspace.objects.create(name="Elsewhere", slug="elsewhere")
    boss = make_actor("admin", username="bea.boss", inside=elsewhere)
    put_slack(boss, values=SlackValues(bot_token=TOKEN, signing_secret=SECRET))
    check_slack(boss)
    foreign = declare_incident(boss, title="Theirs is down", severity="sev1")
    connected.settle()
    connected.slack.person("U0BEA", "bea@example.test")
    link_member(boss, slack_id="U0BEA", username="bea.boss")
    assert "Mine is down" in connected.command("list").json()["text"]
    assert "Yours: " in connected.command("in:nowhere list").json()["text"]
    shown = connected.command("list", user="U0BEA").json()["text"]
    assert "Theirs is down" in shown
    assert "Mine is down" not in shown
    link_member(boss, slack_id=connected.rita, username="bea.boss")  # linked in both
    link_member(connected.admin, slack_id=connected.rita, username="rita.responder")
    slug = Workspace.objects.get(pk=own.workspace_id).slug
    reply = connected.command("declare sev4 Which").json()
    assert reply["response_type"] == "ephemeral"
    assert f"Yours: {slug}, elsewhere" in reply["text"]
    assert not Incident.across_workspaces.filter(title="Which").exists()
    connected.command("in:elsewhere declare sev4 Of theirs")
    assert Incident.across_workspaces.get(title="Of theirs").workspace_id == foreign.workspace_id
    there = connected.room(own).channel_id
    assert "Theirs is down" in connected.command("IN:elsewhere list", channel=there).json()["text"]
    connected.command(f"in:{slug} ack INC-{own.number}")
    connected.command(f"in:elsewhere ack INC-{foreign.number}")
    connected.send(
        "events", connected.fake.event({"type": "app_home_opened", "user": connected.rita}, "Home")
    )
    connected.settle()
    home = str(connected.slack.homes[connected.rita])
    assert "Mine is down" in home
    assert "Theirs is down" in home
    assert "*Elsewhere* (`in:elsewhere`)" in home
    for incident, words in ((own, "Mine"), (foreign, "Theirs")):
        shown = connected.command("show", channel=connected.room(incident).channel_id).json()["text"]
        assert f"{words} is down" in shown
    connected.command("update", channel=connected.room(foreign).channel_id)
    view = connected.slack.views[-1]
    submit(connected, view, message=text("Only theirs"))
    for incident, count in ((own, 0), (foreign, 1)):
        found = Incident.objects.of(incident.workspace_id).get(pk=incident.pk)
        assert found.timeline.filter(message="Only theirs").count() == count


def test_person_links_themselves_by_the_link_only_they_see(connected, make_actor):
    sam = make_actor("responder", username="sam")
    connected.slack.person("U0SAM", "other@example.test")
    connected.slack.users["U0SAM"]["profile"]["display_name"] = "Sam <b>of\n Shop</b>"
    refused = connected.command("list", user="U0SAM").json()
    assert refused["response_type"] == "ephemeral"
    path = re.search(r"<[^|]*(/slack/link\?token=[^|]+)\|", refused["text"])[1]
    browser = browser_for(sam)
    page = browser.get(path).content.decode()
    assert "U0SAM" in page
    assert "Sam &lt;b&gt;of Shop&lt;/b&gt;" in page
    assert connected.team.name in page
    token = path.split("token=")[1]
    assert not SlackUser.objects.of(sam.workspace_id).filter(slack_id="U0SAM").exists()
    assert browser.post("/slack/link", {"token": token}).status_code == 303
    link = SlackUser.objects.of(sam.workspace_id).get(slack_id="U0SAM")
    assert (link.user_id, link.how) == (sam.user_id, "link")
    assert connected.command("list", user="U0SAM").json()["text"] == "No active incidents."
    assert browser_for(connected.actor).post("/slack/link", {"token": token}).status_code == 409
    assert browser.get("/slack/link?token=forged").status_code == 404
    User.objects.filter(pk=sam.user_id).update(is_active=False)
    assert "not linked" in connected.command("list", user="U0SAM").json()["text"]


def test_test_message_is_sent_and_the_response_of_slack_is_shown(connected):
    browser = browser_for(connected.admin)
    assert browser.post("/settings/slack/test", {"team": connected.team.pk}).status_code == 303
    [sent] = connected.announce.messages.values()
    assert "Test of Tocsin, sent by Adam Admin" in sent["text"]
    assert "Test message sent" in browser.get("/settings/slack").content.decode()
    connected.fake.fail("chat.postMessage", "is_archived")
    browser.post("/settings/slack/test", {"team": connected.team.pk})
    assert "archived" in browser.get("/settings/slack").content.decode()
    written = AuditEntry.objects.of(connected.team.workspace_id).filter(action__startswith="slack.")
    assert {"slack.settings", "slack.test"} <= set(written.values_list("action", flat=True))
    audit = browser.get("/settings/audit?what=slack").content.decode()
    assert "Test message sent to Acme" in audit
