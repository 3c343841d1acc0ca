"""Editing in place, components, links to entries and the phone's menu, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.tables import whole


def test_title_is_edited_in_place(open_page, declare):
    page = open_page("/")
    declare(page, "Misspeled")
    page.locator(".title-edit summary").click()
    page.get_by_label("Title", exact=True).fill("Misspelled no more")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Misspelled no more")


def test_escape_leaves_the_title_as_it_was(open_page, declare):
    page = open_page("/")
    declare(page, "Stays the same")
    page.locator(".title-edit summary").click()
    page.get_by_label("Title", exact=True).fill("half a thou")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Title", exact=True)).to_be_hidden()
    page.locator(".title-edit summary").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Stays the same")


@pytest.mark.parametrize("javascript", [True, False])
def test_severity_and_title_change_with_and_without_javascript(open_page, declare, javascript):
    page = open_page("/", javascript=javascript)
    declare(page, "Worse than thought")
    page.locator(".summary-chip").click()
    page.locator("button[name=severity][value=sev1]").click()
    expect(page.locator(".summary-chip")).to_contain_text("SEV1")
    page.locator(".title-edit summary").click()
    page.get_by_label("Title", exact=True).fill("Much worse")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Much worse")


def test_component_is_added_and_its_impact_changed_in_the_dialog(open_page, declare):
    page = open_page("/")
    declare(page, "Touches billing")
    components, dialog = page.locator("#panel-incident-components"), page.get_by_role("dialog", name="Form")
    page.get_by_role("link", name="Add a component").click()
    dialog.get_by_label("Component").fill("billing")
    dialog.get_by_role("button", name="Save").click()
    expect(components).to_contain_text("Degraded")
    components.get_by_role("link", name="billing: Degraded, change").click()
    dialog.get_by_label("Impact").select_option("total_outage")
    dialog.get_by_role("button", name="Save").click()
    expect(components).to_contain_text("Total outage")


def test_link_to_an_old_entry_opens_its_page(open_page, declare, site):
    page = open_page("/")
    reference = declare(page, "Long story")
    first = page.locator(".entry").last.get_attribute("id")
    site.write_notes(reference, 55)
    page.goto(f"/incidents/{reference}")
    expect(page.locator(f"#{first}")).to_have_count(0)
    page.goto("about:blank")
    page.goto(f"/incidents/{reference}#{first}")
    expect(page.locator(f"#{first}")).to_be_in_viewport()


def test_events_arrive_in_the_open_incident(open_page, site):
    page = open_page("/")
    site.send_errors("events-panel", 5)
    page.locator("[data-row]", has_text="events-panel").locator(".incident-title a").click()
    expect(page.locator(".event")).to_have_count(5)
    site.send_errors("events-panel", 2)
    expect(page.locator(".event")).to_have_count(7, timeout=10_000)


def test_phone_reaches_workspaces_password_and_sign_out(open_page):
    page = open_page("/", width=390)
    page.locator(".account summary").click()
    expect(page.get_by_role("button", name="Acme Payments")).to_be_visible()
    expect(page.get_by_role("link", name="Password")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


@pytest.mark.parametrize("width", [360, *whole(390)])
def test_all_actions_fit_on_a_phone(open_page, declare, width):
    page = open_page("/", width=width)
    declare(page, "Small screen")
    expect(page.get_by_label("More actions")).to_be_in_viewport(ratio=1)
    cut = (
        "[...document.querySelectorAll('.actions .button')].filter(b => b.scrollWidth > b.clientWidth).length"
    )
    assert page.evaluate(cut) == 0
