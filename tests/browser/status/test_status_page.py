"""An incident as outsiders see it: subscribed, published, updated, resolved; readable on each screen."""

from __future__ import annotations

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from config.paths import ROOT
from tests.browser.axe import violations
from tests.tables import every

TITLE = "Card payments are slow"
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
VIEWS = [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]
RULES = {"resultTypes": ["violations"], "preload": False}


@pytest.fixture
def outsider(chromium, site):
    """A reader without a session."""
    context = chromium.new_context(base_url=site.url, service_workers="block")
    yield context.new_page()
    context.close()


def link(site, kind, word):
    """The path of a link in the newest mail of that kind."""
    command = [sys.executable, "-m", "tests.browser.mails", kind]
    text = subprocess.run(command, cwd=ROOT, env=site.environment, capture_output=True, check=True).stdout
    return urlsplit(re.search(rf"https?://\S+/{word}/\S+", text.decode())[0]).path


def until_shown(page, locator):
    """Load the page again until it shows something new; builds and looks take a second or two each."""
    for _ in range(60):
        if locator.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(locator.first).to_be_visible()


def test_outsiders_follow_an_incident_from_publication_to_resolution(site, open_page, declare, outsider):
    outsider.goto("/status/acme/subscribe")
    outsider.get_by_label("Email address").fill("reader@example.org")
    outsider.get_by_role("button", name="Subscribe").click()
    expect(outsider.get_by_role("heading", name="Check your inbox")).to_be_visible()
    outsider.goto(link(site, "confirm", "confirm"))
    outsider.get_by_role("button", name="Confirm").click()
    expect(outsider.get_by_role("heading", name="Subscribed")).to_be_visible()

    page = open_page("/")
    reference = declare(page, "pg-main-2 lost its quorum")
    page.get_by_label("Public title").fill(TITLE)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("link", name=TITLE)).to_be_visible()
    outsider.goto("/status/acme")
    until_shown(outsider, outsider.get_by_role("link", name=TITLE))

    page.goto(f"/incidents/{reference}")
    page.get_by_label("Update for the status page").fill("We are **rolling back**.")
    page.get_by_role("button", name="Post public update").click()
    expect(page.locator(".toast, .alert").first).to_be_visible()
    until_shown(outsider, outsider.get_by_text("rolling back"))
    expect(outsider.get_by_text("pg-main-2")).to_have_count(0)

    page.goto(f"/incidents/{reference}/resolve")
    page.get_by_label("What fixed it?").last.fill("Rolled back pg-main-2")
    page.get_by_role("button", name="Resolve").last.click()
    until_shown(outsider, outsider.locator(".status-notice .status-resolved"))
    expect(outsider.get_by_text("pg-main-2")).to_have_count(0)

    outsider.goto(link(site, "update", "unsubscribe"))
    outsider.get_by_role("button", name="Unsubscribe").click()
    expect(outsider.get_by_role("heading", name="Unsubscribed")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), every(3, VIEWS))
def test_public_pages_are_readable_on_every_screen(site, chromium, width, theme):
    context = chromium.new_context(
        base_url=site.url, viewport={"width": width, "height": 900}, color_scheme=theme
    )
    page = context.new_page()
    page.goto("/status/acme")
    notice = page.locator(".status-notice h3 a")
    paths = ["/status/acme", "/status/acme/history", "/status/acme/subscribe", "/status/acme/confirm/forged"]
    paths += [notice.first.get_attribute("href")] if notice.count() else []
    faults = []
    for path in paths:
        page.goto(path)
        faults += [(path, one["id"], node["html"][:140]) for one in violations(page, RULES)
                   for node in one["nodes"]]  # fmt: skip
        faults += [(path, "overflow")] if page.evaluate(OVER) > 0 else []
    context.close()
    assert faults == []
