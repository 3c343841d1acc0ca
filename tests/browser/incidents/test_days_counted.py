"""The day of a responder, a manager and an admin, with the clicks and keys that it takes.

Letters of a text are not counted; what leads to its field, or sends it, is.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import requests
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site

RESPONDER, MANAGER, ADMIN = (3, 10), (10, 0), (17, 6)  # clicks and keys at most


@dataclass
class CountedInput:
    """A mouse and a keyboard that count clicks and keys."""

    page: Page
    clicks: int = 0
    keys: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def write(self, text: str) -> None:
        """Into the focused field."""
        expect(self.page.locator(":is(input, textarea):focus")).to_have_count(1)
        self.page.keyboard.insert_text(text)

    def assert_within(self, bound: tuple[int, int]) -> None:
        spent = (self.clicks, self.keys)
        assert spent[0] <= bound[0], spent
        assert spent[1] <= bound[1], spent


def test_responder_acknowledges_updates_and_resolves_an_incident(open_page, declare):
    page = open_page("/")
    reference = declare(page, "A responder's day")
    page.goto(f"/?search={reference}")
    counted, header = CountedInput(page), page.locator("#panel-incident-header")
    counted.press("j", "a")
    expect(page.locator(".toast")).to_be_visible()
    counted.press("o")
    page.wait_for_url(f"**/incidents/{reference}")
    expect(header).to_contain_text("Acknowledged by Dana Ruiz")

    counted.click(page.locator("[data-composer] textarea"))
    counted.write("The pool is empty since the release")
    counted.press("Control+Enter")
    expect(page.locator(".entry-note")).to_contain_text("The pool is empty")

    counted.click(page.locator(".summary-chip"))
    counted.click(page.locator("button[name=severity][value=sev2]"))
    expect(page.locator(".summary-chip").first).to_contain_text("SEV2")  # its menu always names all four

    form = page.get_by_role("dialog", name="Form")
    counted.press("s")
    expect(form.get_by_label("New status")).to_be_focused()
    counted.press("Tab")
    counted.write("The release holds connections open")
    counted.press("Control+Enter")
    expect(header).to_contain_text("Identified")
    counted.press("r")
    expect(form.get_by_label("What fixed it?")).to_be_focused()
    counted.write("Rolled the release back")
    counted.press("Control+Enter")
    expect(header).to_contain_text("Resolved")
    counted.assert_within(RESPONDER)


def _reviewed(site: Site, title: str) -> str:
    """A postmortem that waits for the manager's signature. Returns its incident."""
    api = requests.Session()
    api.headers["X-Workspace"] = "acme"

    def post(path: str, **body: object) -> requests.Response:
        response = api.post(f"{site.url}/api/v1{path}", json=body, timeout=30)
        if response.status_code != 503:
            return response
        time.sleep(int(response.headers.get("Retry-After", "1")))  # busy; nothing was stored
        return api.post(f"{site.url}/api/v1{path}", json=body, timeout=30)

    reference = str(post("/incidents", title=title, severity="sev3").json()["incident_id"])
    assert post(f"/incidents/{reference}/resolve", message="Rolled back").ok
    assert post(f"/incidents/{reference}/postmortem").ok
    for one in post(f"/postmortems/{reference}/request-review").json()["missing"]:
        waiver = {"subject": one["subject"], "reason": "Not known any more."}
        assert post(f"/postmortems/{reference}/waivers", **waiver).ok
    assert post(f"/postmortems/{reference}/request-review").ok
    return reference


def test_manager_signs_publishes_and_follows_up(site, open_page):
    reference = _reviewed(site, "A manager's day")
    page = open_page("/", who="mona.reed")
    counted = CountedInput(page)
    side = page.get_by_role("navigation", name="Main")
    counted.click(side.get_by_role("link", name="Postmortems"))
    counted.click(page.get_by_role("link", name=re.compile("A manager's day")).first)
    counted.click(page.get_by_role("button", name="Approve"))
    counted.click(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text("Published").first).to_be_visible()

    counted.click(page.locator("#action-items").get_by_role("link", name="New action item"))
    counted.click(page.get_by_label("What is to be done"))
    counted.write("Alert on the pool")
    owner = page.get_by_label("Owner")
    counted.click(owner)
    owner.select_option("theo.lind")
    counted.click(page.get_by_role("button", name="Create action item"))
    expect(page.locator("#action-items")).to_contain_text("Theo Lind")
    counted.click(side.get_by_role("link", name="Analytics"))
    counted.click(page.locator(".stat", has_text="Resolved").get_by_role("link").first)
    expect(page.locator("main")).to_contain_text(reference)
    counted.assert_within(MANAGER)


def test_admin_adds_a_source_a_rule_a_person_and_a_token_and_asks_for_a_second_factor(open_page):
    page = open_page("/", who="ada.holt")
    counted = CountedInput(page)
    side = page.get_by_role("navigation", name="Main")
    menu = page.get_by_role("navigation", name="Settings", exact=True)

    def written(link: str, label: str, text: str) -> None:
        counted.click(page.get_by_role("link", name=link).first)
        counted.click(page.get_by_label(label, exact=True))
        counted.write(text)

    counted.click(side.get_by_role("link", name="Sources"))
    written("New source", "Name", "Alertmanager, production")
    counted.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alertmanager, production")
    counted.click(side.get_by_role("link", name="Rules"))
    written("New rule", "Name", "Card declines")
    counted.press("Tab")
    counted.write("card_declines")
    counted.press("Enter")
    expect(page.locator("main")).to_contain_text("Card declines")

    counted.click(side.get_by_role("link", name="Settings"))
    counted.click(menu.get_by_role("link", name="Members"))
    written("Invite a member", "Email", "nils.berg@example.test")
    counted.press("Enter")
    expect(page.locator("main")).to_contain_text("nils.berg@example.test")
    counted.click(menu.get_by_role("link", name="API tokens"))
    written("New token", "Name", "Deployments")
    counted.click(page.get_by_label("events:write"))
    counted.press("Enter")
    expect(page.locator("main")).to_contain_text("tcs_")
    counted.click(menu.get_by_role("link", name="General"))
    counted.click(page.get_by_label("Require a second factor from every member"))
    counted.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-Factor Authentication")  # hers first
    counted.assert_within(ADMIN)
