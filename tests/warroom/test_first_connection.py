"""docs/howto/slack.md, step by step, as an admin who has never connected Slack."""

from __future__ import annotations

import json
import re
from html import unescape
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from config.paths import ROOT
from core.queue.runner import run_due
from core.queues import RELAY
from tests.fakes.slack.server import APP_TOKEN, SECRET, TOKEN, fake_slack
from tests.web.signed_in import browser_for
from warroom.models import SlackTeam
from warroom.queues import SLACK

pytestmark = pytest.mark.django_db
PAGE = "/settings/slack"
HANDSHAKE = {"token": "outdated", "type": "url_verification", "challenge": "c-1"}


@pytest.fixture
def fake(settings, admin):
    """Slack, in which the admin has an account, and this Tocsin, which Slack can reach."""
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    settings.BASE_URL = "https://tocsin.example.com"
    User.objects.filter(pk=admin.user_id).update(address_proven_at=timezone.now())
    with fake_slack() as made:
        settings.SLACK_API_URL = made.api_url
        made.slack.person("U0ADAM", "adam.admin@example.test")
        made.slack.channel("incidents", member=False)
        yield made


def shown(browser, word: str = "") -> str:
    """The settings page, its text."""
    text = unescape(browser.get(PAGE).content.decode())
    assert word in text, word
    return text


def manifest_on(page: str, heading: str) -> dict:
    """The manifest below that heading, as a person copies it."""
    found = re.search(rf"{re.escape(heading)}</summary>.*?<code>(.*?)</code>", page, re.S)
    return json.loads(found[1])


def settle() -> None:
    while run_due(RELAY, at=timezone.now()) + run_due(SLACK, at=timezone.now()):
        pass


def send(address: str, signed) -> int:
    """What Slack sends to an address of the manifest."""
    body, headers = signed
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    path = urlsplit(address).path
    return Client().post(path, body, content_type=headers["Content-Type"], **extra).status_code


def test_team_is_connected_as_the_guide_describes(fake, admin):
    guide = (ROOT / "docs/howto/slack.md").read_text()
    browser = browser_for(admin)

    # 1 and 2: the manifest is copied from the page, and the app made from it has its scopes and addresses
    made = manifest_on(shown(browser), "Show the manifest")
    fake.scopes = made["oauth_config"]["scopes"]["bot"]
    [command] = made["features"]["slash_commands"]
    addresses = made["settings"]["event_subscriptions"]["request_url"], command["url"]
    assert all(one.startswith("https://tocsin.example.com/slack/") for one in addresses)

    handshake = fake.signed(json.dumps(HANDSHAKE).encode(), "application/json")
    assert send(addresses[0], handshake) == 401

    # 3: the secrets and the channel are entered, and shown no more
    form = {
        "team": "new", "bot_token": TOKEN, "signing_secret": SECRET, "announce_channel": "#incidents",
        "opens_rooms": "on", "archive_days": "7",
    }  # fmt: skip
    assert browser.post(PAGE, form).status_code == 303
    page = shown(browser, "Not checked yet")
    assert TOKEN not in page
    assert SECRET not in page
    # before, Slack could not verify the address of events; after, "Retry" there does
    assert send(addresses[0], handshake) == 200
    assert send(addresses[1], fake.command("", "U0ADAM")) == 401
    shown(browser, "The connection was not checked yet: press Check connection.")

    # 5 and 6: the app is invited, and the connection checked
    fake.slack.named("incidents").members.append(fake.slack.bot_user_id)
    team = SlackTeam.objects.of(admin.workspace_id).get()
    assert browser.post(f"{PAGE}/check", {"team": team.pk}).status_code == 303
    shown(browser, "Connected to Acme.")

    # 7: /incident is typed; a request signed with the secret of another app is refused with the reason
    assert send(addresses[1], fake.command("", "U0ADAM")) == 200
    assert not re.search(r"Last request accepted</dt>\s*<dd>None", shown(browser))
    # of several refusals within five seconds the first one is shown
    SlackTeam.objects.of(admin.workspace_id).update(last_refused_at=None)
    forged = fake.signed(b"command=%2Fincident", "application/x-www-form-urlencoded", secret="f" * 32)
    assert send(addresses[1], forged) == 401
    shown(browser, "compare the signing secret with the app's Basic Information")
    assert "the signing secret is that of another app" in guide

    assert browser.post(f"{PAGE}/test", {"team": team.pk}).status_code == 303
    shown(browser, "Test message sent to")
    assert len(fake.slack.named("incidents").messages) == 1

    # and then: the first SEV1 has its room
    assert send(addresses[1], fake.command("declare sev1 Checkout is down", "U0ADAM")) == 200
    settle()
    assert fake.slack.named("inc-1-checkout-is-down").pins


def test_missing_scope_is_named_as_the_guide_describes(fake, admin):
    browser = browser_for(admin)
    fake.scopes = [one for one in fake.scopes if one != "pins:write"]
    browser.post(PAGE, {"team": "new", "bot_token": TOKEN, "signing_secret": SECRET, "archive_days": "7"})
    browser.post(f"{PAGE}/check")
    page = shown(browser, "Permission missing")
    assert "Missing scopes: pins:write" in page


def test_socket_mode_is_set_up_as_the_guide_describes(fake, admin):
    browser = browser_for(admin)
    made = manifest_on(shown(browser), "Show the manifest for Socket Mode")
    assert made["settings"]["socket_mode_enabled"]
    assert "url" not in made["features"]["slash_commands"][0]
    form = {"team": "new", "bot_token": TOKEN, "app_token": APP_TOKEN, "archive_days": "7"}
    assert browser.post(PAGE, form).status_code == 303
    assert browser.post(f"{PAGE}/check").status_code == 303
    shown(browser, "Not connected yet")
