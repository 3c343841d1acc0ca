"""A channel that refuses everything is shown on every open page, until it works again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from config.paths import ROOT
from tests.browser.broken_channel import NAME
from tests.fakes.receiver import Receiver, Reply, running

SHOTS = os.environ.get("TOCSIN_SHOTS", "")  # a folder for pictures of these pages
# A site that has just started shows no warnings for forty seconds, and starts beside other tests.
WAIT_MS = 150_000
PAGES = {
    "/on-call": "on-call", "/on-call/reachability": "reachability",
    "/settings/escalation": "escalation-policies", "/settings/deliveries": "deliveries",
    "/settings/channels": "channels", "/settings/on-call": "schedules", "/settings/slack": "slack",
}  # fmt: skip


def _program(site, module, *arguments):
    command = [sys.executable, "-m", f"tests.browser.{module}", *arguments]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True)


@pytest.fixture
def receiver(site):
    """It knows nothing of the channel's address, as one that was moved."""
    with running(Receiver(lambda received: Reply(404, b"no such hook"))) as fake:
        _program(site, "broken_channel", "on", f"{fake.url}/hook")
        yield fake
        _program(site, "broken_channel", "off")


def test_broken_channel_is_shown_on_every_page_until_it_works(open_page, site, receiver):
    page = open_page("/incidents")
    banner = page.locator(".banner-failing", has_text="Notification channels")
    expect(banner).to_contain_text("Open Settings, Channels", timeout=WAIT_MS)
    ready = requests.get(f"{site.url}/readyz", timeout=30).json()
    assert NAME in str(ready)
    settings = open_page("/settings/channels")
    expect(settings.locator("body")).to_contain_text("404")
    if SHOTS:
        _program(site, "duty", "on", "dana.ruiz", f"{receiver.url}/api")
        _pictures(open_page)
        _program(site, "duty", "off")

    receiver.respond = lambda received: Reply()
    settings.get_by_role("row", name=NAME).get_by_role("button", name="Send test").click()
    expect(settings.get_by_role("heading", level=1)).to_have_text(f"Test of {NAME}")
    expect(banner).to_have_count(0, timeout=WAIT_MS)


def _pictures(open_page):
    """In two widths, if TOCSIN_SHOTS names a folder."""
    for path, name in PAGES.items():
        for width in (390, 1440):
            page = open_page(path, width=width)
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
