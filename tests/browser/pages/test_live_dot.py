"""The live dot: green with heartbeats, amber and red without, and green again."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

STREAM = "**/live?*"


@pytest.fixture
def cut(open_page):
    """A page whose clock we turn and whose stream cannot be had; with the panels it fetched."""
    page, fetched = open_page("/"), []
    page.clock.install()
    page.route(STREAM, lambda route: route.abort())
    page.on("request", lambda request: "/panels/" in request.url and fetched.append(request.url))
    page.goto("/")
    fetched.clear()  # requests of the page before this one
    return page, fetched


def _turn(page, seconds):
    """Advance the page's clock by seconds, with real time for its requests."""
    for _ in range(seconds):
        page.clock.run_for(1000)


def _state(page, state):
    expect(page.locator("[data-live-dot]")).to_have_attribute("data-state", state)


def test_silence_is_amber_after_ten_seconds_and_red_with_polling_after_thirty(cut):
    page, fetched = cut
    _turn(page, 9)
    _state(page, "off")
    _turn(page, 3)
    _state(page, "late")
    assert fetched == []
    _turn(page, 20)
    _state(page, "away")
    expect(page.locator("[data-live-dot]")).to_contain_text("polling every 10 s")
    for _ in range(2):
        with page.expect_response("**/panels/incidents.active*"):
            _turn(page, 11)


def test_reconnected_stream_is_green_and_missed_changes_are_fetched(cut):
    page, fetched = cut
    _turn(page, 12)
    _state(page, "late")
    page.unroute(STREAM)
    end = time.monotonic() + 15
    while page.locator("[data-live-dot]").get_attribute("data-state") != "live" and time.monotonic() < end:
        _turn(page, 1)
    _state(page, "live")
    assert any("incidents.active" in url for url in fetched)


def test_panel_fetched_while_red_shows_what_happened_meanwhile(cut, site):
    page, _ = cut
    site.send_errors("while-red", 5)
    _turn(page, 45)
    row = page.locator("[data-row]", has_text=re.compile("while-red"))
    expect(row).to_be_visible()
