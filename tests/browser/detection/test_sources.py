"""An admin connects a sender: the mapping's preview follows the typing, the test shows its steps."""

from __future__ import annotations

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.site import Site

BODY = """[{"what": "Backlog of 4711", "node": "queue-9", "now": "kaputt", "bad": "P1"},
           {"what": "Backlog of 12", "node": "queue-2", "now": "fein", "bad": "P4"}]"""


def follow_the_preview(page: Page) -> None:
    """Each thing typed changes what is shown; nothing of it is in the sample that stood there before."""
    preview, cards = page.locator("#preview"), page.locator("#preview section.card")
    expect(preview).not_to_contain_text("4711")
    page.locator("#id_body").fill(BODY)
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("Cannot be parsed: no title.")
    page.get_by_label("Title", exact=True).fill("what")
    expect(cards.nth(0).locator("h2")).to_have_text("Backlog of 4711")
    expect(cards.nth(1).locator("h2")).to_have_text("Backlog of 12")
    expect(cards.nth(0)).not_to_contain_text("queue-9")
    page.get_by_label("Component", exact=True).fill("node")
    expect(cards.nth(0)).to_contain_text("queue-9")
    expect(cards.nth(1)).to_contain_text("queue-2")
    page.get_by_label("Title", exact=True).fill("node")
    expect(cards.nth(0).locator("h2")).to_have_text("queue-9")
    page.get_by_label("Title", exact=True).fill("a b")
    expect(preview).to_contain_text("Cannot be read from")
    page.get_by_label("Title", exact=True).fill("what")
    expect(cards.nth(0)).to_contain_text("An alert, firing")


def connect(site: Site, page: Page, shot=lambda page, name: None) -> None:
    page.goto("/sources/new")
    page.get_by_label("Sender", exact=True).select_option("generic")
    page.get_by_label("Name", exact=True).fill("Nagios")
    page.get_by_role("button", name="Create source").click()
    address = page.locator(".copy-value").first.inner_text()
    shot(page, "source")
    page.get_by_role("link", name="Mapping").click()
    follow_the_preview(page)
    shot(page, "mapping")
    source = page.url.rsplit("/", 1)[0]
    page.goto(f"{source}/test")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#log")).to_contain_text("Rolled back")
    shot(page, "test")
    response = requests.post(address, json={"nothing": "to find", "token": "abcdefgh12345"}, timeout=10)
    assert response.json()["quarantined"]
    page.goto("/quarantine")
    shot(page, "quarantine")
    page.get_by_role("link", name="could not be read").first.click()
    expect(page.locator("pre")).to_contain_text("to find")
    shot(page, "quarantined")
    page.goto("/sources")
    expect(page.locator("main")).to_contain_text("1 waiting")
    shot(page, "sources")


@pytest.mark.parametrize(("width", "theme"), [(390, "dark")])
def test_sender_is_connected_tried_and_its_unreadable_request_found(site, open_page, width, theme):
    page = open_page("/", width=width, theme=theme)
    found = []

    def inspect(page: Page, name: str) -> None:
        results = Axe().run(page)
        found.extend(
            (name, v["id"], n["html"][:120]) for v in results.response["violations"] for n in v["nodes"]
        )
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            found.append((name, "wider than the screen", ""))

    connect(site, page, inspect)
    assert found == []
