"""A whole incident by two people: one declares it, the other is paged and acknowledges, both see it end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.paths import ROOT
from tests.fakes.receiver import running
from tests.fakes.slack_messages import Slack

SHOTS = os.environ.get("TOCSIN_SHOTS", "")  # a folder for pictures of these pages
WAIT_MS = 45_000


def _duty(site, *arguments):
    command = [sys.executable, "-m", "tests.browser.duty", *arguments]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True)


@pytest.fixture
def slack(site):
    """Dana is on call, and a Slack bot reaches her."""
    with running(Slack()) as fake:
        _duty(site, "on", "dana.ruiz", f"{fake.url}/api")
        yield fake
        _duty(site, "off")


def _is_posted(slack, words):
    """Wait until Slack has a message to Dana with these words."""
    end = time.monotonic() + WAIT_MS / 1000
    while time.monotonic() < end:
        found = [one for one in slack.posted if one["channel"].startswith("U") and words in str(one["text"])]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"Dana never heard {words!r}: {slack.posted}")


def test_one_is_paged_and_acknowledges_and_the_other_sees_it(open_page, declare, site, slack):
    theo = open_page("/incidents/declare", who="theo.lind")
    theo.get_by_label("What is happening?").fill("Card payments fail")
    theo.locator("input[name=severity][value=sev1]").check(force=True)
    theo.get_by_role("button", name="Declare").click()
    theo.wait_for_url("**/incidents/INC-*")
    reference = theo.url.rsplit("/", 1)[-1]
    assert _is_posted(slack, f"{reference} needs you")

    dana = open_page(f"/incidents/{reference}")
    panel = "section[aria-label=Escalation]"
    expect(dana.locator(panel)).to_contain_text("Paged Dana Ruiz (on call)", timeout=WAIT_MS)
    expect(theo.locator(panel)).to_contain_text("Paged Dana Ruiz (on call)", timeout=WAIT_MS)
    _pictures(open_page, f"/incidents/{reference}", "escalation")
    dana.get_by_role("link", name="Escalate now…").click()
    dialog = dana.get_by_role("dialog", name="Form")
    expect(dialog).to_contain_text("This pages step 2 of 3 immediately")
    _picture(dana, "escalate-now")
    dialog.get_by_role("link", name="Cancel").click()
    dana.get_by_role("button", name="Acknowledge and stop paging").click()
    expect(dana.locator(panel)).to_contain_text("Held by", timeout=WAIT_MS)
    expect(theo.locator(panel)).to_contain_text("Dana Ruiz", timeout=WAIT_MS)
    expect(theo.locator(panel)).to_contain_text("Acknowledged", timeout=WAIT_MS)

    dana.goto(f"/incidents/{reference}/resolve")
    dana.get_by_label("What fixed it?").fill("Rolled back the gateway.")
    dana.get_by_role("button", name="Resolve").last.click()
    expect(theo.locator(panel)).to_contain_text("Ended", timeout=WAIT_MS)
    assert _is_posted(slack, f"{reference} resolved")
    for path, name in (("/settings/stages", "stages"), ("/settings/update-templates", "updates")):
        _pictures(open_page, path, name)


def _picture(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def _pictures(open_page, path, name):
    """In two widths and two themes, if TOCSIN_SHOTS names a folder."""
    if SHOTS:
        for width in (390, 1440):
            for theme in ("light", "dark"):
                _picture(open_page(path, width=width, theme=theme), f"{name}-{width}-{theme}")
