"""The API of Slack connections, against the fake Slack."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry, Scope
from accounts.tokens.services import issue_token
from tests.api.client import ApiClient
from tests.fakes.slack.server import SECRET, TOKEN
from warroom.models import SlackTeam, SlackUser

pytestmark = pytest.mark.django_db
OTHER_TOKEN = "xoxb-of-the-other-team"


@pytest.fixture
def api(admin) -> ApiClient:
    return ApiClient(issue_token(admin, name="Settings", scopes=[Scope.ADMIN]).text)


def test_team_is_connected_checked_tested_and_disconnected(connected, api):
    slack = connected.fake.another_team("T0SECOND", "Second", OTHER_TOKEN)
    channel = slack.channel("alerts")
    given = {"bot_token": OTHER_TOKEN, "signing_secret": SECRET, "announce_channel": "#alerts"}
    made = api.post("/slack/teams", given)
    assert made.status_code == 201, made.content
    address = f"/slack/teams/{made.json()['id']}"
    assert (made.json()["state"], made.json()["is_default"]) == ("unchecked", False)
    checked = api.post(f"{address}/check").json()
    assert (checked["state"], checked["name"], checked["announce_channel"]) == ("ok", "Second", channel.id)
    assert api.post(f"{address}/test").status_code == 200
    assert len(channel.messages) == 1
    changed = api.patch(address, {"archive_days": 30, "opens_rooms": False}).json()
    assert (changed["archive_days"], changed["opens_rooms"]) == (30, False)
    assert (changed["announce_channel"], changed["has_signing_secret"]) == (channel.id, True)
    assert api.post(f"{address}/default").json()["is_default"] is True
    listed = api.get("/slack/teams")
    assert [team["name"] for team in listed.json()] == ["Second", connected.team.name]
    for secret in (OTHER_TOKEN, TOKEN, SECRET):
        assert secret not in listed.content.decode() + made.content.decode()
    assert api.delete(address).status_code == 204
    left = api.get(address).json()
    assert (left["state"], left["has_bot_token"]) == ("revoked", False)
    refused = api.post(f"{address}/test")
    assert (refused.status_code, "Nothing was sent" in refused.json()["detail"]) == (409, True)


def test_members_are_linked_listed_and_unlinked(connected, api):
    people = f"/slack/teams/{connected.team.pk}/people"
    made = api.post(people, {"username": "rita.responder", "slack_id": "u0other"})
    assert made.status_code == 201, made.content
    [link] = api.get(people).json()
    assert (link["username"], link["slack_id"], link["how"]) == ("rita.responder", "U0OTHER", "admin")
    wrong = api.post(people, {"username": "no.one", "slack_id": "U0OTHER"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "username")
    assert api.delete(f"/slack/people/{link['id']}").status_code == 204
    assert api.get(people).json() == []
    assert SlackUser.objects.of(connected.team.workspace_id).count() == 0
    assert AuditEntry.objects.of(connected.team.workspace_id).filter(action="slack.unlink").count() == 1


def test_invalid_field_is_named_and_nothing_is_stored(connected, api):
    before = SlackTeam.across_workspaces.count()
    for given, field in [
        ({"bot_token": "no token"}, "bot_token"), ({"bot_token": TOKEN, "app_token": "no"}, "app_token"),
        ({"bot_token": TOKEN, "archive_days": 0}, "archive_days"), ({}, "bot_token"),
        ({"bot_token": TOKEN, "announce_channel": "a b"}, "announce_channel"),
        ({"bot_token": TOKEN, "colour": "red"}, "colour"),
    ]:  # fmt: skip
        refused = api.post("/slack/teams", given)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), given
    assert SlackTeam.across_workspaces.count() == before


def test_manifest_is_that_of_the_page(connected, api):
    plain, socket = (api.get(f"/slack/manifest{query}").json()["manifest"] for query in ("", "?socket=true"))
    assert plain["settings"]["socket_mode_enabled"] is False
    assert socket["settings"]["socket_mode_enabled"] is True
