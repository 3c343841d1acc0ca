"""A responder's usual work, in a real browser against the real servers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


def test_incident_arrives_in_the_open_page_untouched(open_page, site):
    page = open_page("/")
    expect(page.locator("[data-live-dot]")).to_have_attribute("data-state", "live")
    site.send_errors("arrives-live", 5)
    row = page.locator("[data-row]", has_text="arrives-live")
    expect(row).to_be_visible(timeout=10_000)
    expect(row).to_contain_text("5 events")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Active incidents"))


def test_acknowledging_from_the_row_removes_the_button_and_shows_a_toast(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Acknowledged from its row")
    page.goto("/")
    page.get_by_role("button", name=f"Acknowledge {reference}", exact=True).click()
    expect(page.locator(".toast")).to_contain_text(f"{reference} acknowledged")
    row = page.locator("[data-row]", has_text="Acknowledged from its row")
    expect(row.locator(".incident-who")).to_contain_text("Dana Ruiz")
    expect(page.get_by_role("button", name=f"Acknowledge {reference}", exact=True)).to_have_count(0)


def test_note_joins_the_timeline_without_a_reload_and_the_form_is_empty_again(open_page, declare):
    page = open_page("/")
    declare(page, "Gets a note")
    page.get_by_label("Add to the timeline", exact=True).last.fill("Cache is cold in eu-west")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".entry-note")).to_contain_text("Cache is cold in eu-west")
    expect(page.locator("[data-composer] textarea")).to_have_value("")


def test_status_and_resolution_go_through_the_dialog(open_page, declare):
    page = open_page("/")
    declare(page, "Runs its course")
    page.get_by_role("link", name="Status", exact=True).click()
    dialog = page.get_by_role("dialog", name="Form")
    dialog.get_by_label("New status").select_option("identified")
    dialog.get_by_label("Message", exact=True).fill("A bad deploy")
    dialog.get_by_role("button", name="Change status").click()
    expect(page.locator("#panel-incident-header")).to_contain_text("Identified")
    page.get_by_role("link", name="Resolve", exact=True).click()
    dialog.get_by_label("What fixed it?").fill("Rolled back")
    dialog.get_by_role("button", name="Resolve").click()
    expect(page.locator("#panel-incident-header")).to_contain_text("Resolved")
    expect(page.get_by_role("link", name="Reopen")).to_be_visible()


def test_conflict_in_a_second_tab_preserves_its_text_and_shows_the_current_one(open_page, declare):
    first = open_page("/")
    reference = declare(first, "Two people at once")
    second = open_page(f"/incidents/{reference}/status", who="theo.lind")
    second.get_by_label("New status").select_option("monitoring")
    second.get_by_label("Message", exact=True).fill("Looks calm to me")
    first.goto(f"/incidents/{reference}/resolve")
    first.get_by_role("button", name="Resolve").click()
    first.wait_for_url(f"**/incidents/{reference}")
    second.get_by_role("button", name="Change status").click()
    expect(second.get_by_role("alert")).to_contain_text("Someone else changed this")
    expect(second.get_by_role("alert")).to_contain_text("resolved")
    expect(second.get_by_label("Message", exact=True)).to_have_value("Looks calm to me")


def test_everything_works_without_javascript(open_page, declare):
    page = open_page("/", javascript=False)
    reference = declare(page, "No scripts here")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.get_by_text(f"{reference} acknowledged")).to_be_visible()
    page.locator("[data-composer] textarea").fill("Written without scripts")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".entry-note")).to_contain_text("Written without scripts")
    page.get_by_role("link", name="Resolve", exact=True).click()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text(f"{reference} resolved")).to_be_visible()


def test_similar_open_incidents_show_while_the_title_is_typed(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Zeppelin telemetry stalled")
    page.goto("/")
    page.get_by_role("link", name="Declare").click()
    page.get_by_label("What is happening?").press_sequentially("zeppelin down")
    expect(page.locator("#similar")).to_contain_text(reference)


def test_text_being_typed_survives_a_change_by_another_user(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Busy hands")
    field = page.locator("[data-composer] textarea")
    field.fill("half a sent")
    other = open_page(f"/incidents/{reference}/acknowledge", who="theo.lind")
    other.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#panel-incident-header")).to_contain_text("Acknowledged")
    expect(field).to_have_value("half a sent")
    expect(field).to_be_focused()


def test_viewer_sees_the_incident_but_no_way_to_change_it(open_page, declare):
    reference = declare(open_page("/"), "Only to look at")
    page = open_page(f"/incidents/{reference}", who="vera.moss")
    expect(page.get_by_role("heading", name="Only to look at")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.locator("[data-composer]")).to_have_count(0)


def test_signing_out_in_one_tab_leads_the_next_fetch_to_the_sign_in(open_page):
    page = open_page("/")
    page.context.clear_cookies()
    page.goto("/incidents?severity=sev1")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fincidents%3Fseverity%3Dsev1"))


@pytest.mark.parametrize("keys", ["?"])
def test_sheet_lists_the_keys(open_page, keys):
    page = open_page("/")
    page.keyboard.press(keys)
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Declare an incident")
