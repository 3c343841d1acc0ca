"""The incident page in a real browser: typing survives updates; a conflict shows both texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.tables import whole


def test_composer_preserves_its_text_during_updates_and_sends_each_note_once(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Moves while typing")
    words = page.get_by_label("Add to the timeline", exact=True).last
    words.fill("half a thou")
    other = open_page("/", who="theo.lind")
    other.goto(f"/incidents/{reference}/note")
    other.get_by_label("Add to the timeline").fill("theirs")
    other.get_by_role("button", name="Add").click()
    expect(page.locator(".timeline")).to_contain_text("theirs", timeout=10_000)
    expect(words).to_have_value("half a thou")
    for note in ("**first**", "**first**", "second"):
        words.fill(note)
        words.press("Control+Enter")
        expect(words).to_have_value("")
    expect(page.locator(".timeline strong", has_text="first")).to_have_count(2)
    expect(page.locator(".timeline")).to_contain_text("second")


def test_field_edited_by_two_shows_both_texts_and_loses_none(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Edited by two")
    fact = page.get_by_role("region", name="Impact", exact=True)
    fact.locator("summary").click()
    fact.get_by_role("textbox").fill("a third of payments")
    other = open_page("/", who="theo.lind")
    other.goto(f"/incidents/{reference}/impact")
    other.get_by_label("Impact").fill("half of all payments")
    other.get_by_role("button", name="Save").click()
    other.wait_for_url(f"**/incidents/{reference}")
    fact.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Form")
    expect(dialog.locator(".clash-text").first).to_have_text("half of all payments")
    expect(dialog.locator(".clash-text").last).to_have_text("a third of payments")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Impact", exact=True)).to_contain_text("a third of payments")


@pytest.mark.parametrize("javascript", [True, *whole(False)])
def test_entry_is_pinned_on_top_and_unpinned(open_page, declare, javascript):
    reference = declare(open_page("/"), f"Worth a pin {javascript}")
    page = open_page(f"/incidents/{reference}", javascript=javascript)
    page.locator(".timeline .entry", has_text="Declared by").hover()
    page.get_by_role("button", name="Pin this entry").click()
    pins = page.get_by_role("region", name="Pinned")
    expect(pins).to_contain_text("Declared by", timeout=10_000)
    pins.locator(".entry").hover()
    pins.get_by_role("button", name="Unpin this entry").click()
    expect(pins).to_have_count(0, timeout=10_000)


def test_back_button_leads_back_to_the_list_as_it_was(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Back and forth")
    page.goto("/incidents?severity=sev1,sev2,sev3&sort=oldest")
    page.goto("/incidents?sort=newest")
    page.get_by_role("link", name="Back and forth").click()
    page.wait_for_url(f"**/incidents/{reference}")
    page.go_back()
    page.wait_for_url("**/incidents?sort=newest")
    expect(page.get_by_role("link", name="Back and forth")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Back and forth")).to_be_visible()
