"""The draft of a note in a real browser: restored after a reload, per incident, removed once it is sent."""

from __future__ import annotations

from playwright.sync_api import expect


def test_half_written_note_survives_a_reload_and_is_forgotten_once_sent(open_page, declare):
    page = open_page("/")
    first, second = declare(page, "First"), declare(page, "Second")
    note = page.get_by_label("Add to the timeline", exact=True).and_(page.locator("textarea"))
    note.fill("half a thought")
    page.reload()
    expect(note).to_have_value("half a thought")
    page.goto(f"/incidents/{first}")
    expect(note).to_have_value("")
    page.goto(f"/incidents/{second}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#panel-incident-timeline")).to_contain_text("half a thought")
    page.reload()
    expect(note).to_have_value("")
