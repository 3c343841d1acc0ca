"""Several incidents at once in a real browser: selected through live updates, resolved, undone."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import expect


def _row(page, title):
    return page.locator("[data-row]", has_text=title)


def test_several_are_resolved_at_once_and_undone_while_the_page_moves_on(open_page, declare):
    page = open_page("/")
    titles = [f"Lot of three, part {n}" for n in (1, 2, 3)]
    for title in titles:
        declare(page, title)
    page.goto("/incidents?search=Lot+of+three")
    _row(page, titles[0]).get_by_role("checkbox").check()
    _row(page, titles[2]).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()

    other = open_page("/", who="theo.lind")
    declare(other, "Lot of three, late comer")
    expect(_row(page, "late comer")).to_be_visible()
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(_row(page, titles[2]).get_by_role("checkbox")).to_be_focused()

    page.get_by_role("button", name="Acknowledge", exact=True).last.click()
    expect(page.get_by_text("3 incidents acknowledged")).to_be_visible()
    expect(page.get_by_text("3 selected")).to_be_hidden()

    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.get_by_text("4 selected")).to_be_visible()
    page.locator("#bulk-resolve summary").click()
    page.get_by_label("Resolution note (optional)").fill("Turned off and on")
    page.get_by_role("button", name="Resolve", exact=True).last.click()
    expect(page.get_by_text("4 incidents resolved")).to_be_visible()
    expect(_row(page, titles[1])).to_contain_text("Resolved")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: 4 incidents.")).to_be_visible()
    expect(_row(page, titles[1]).locator(".status")).to_have_text("Investigating")


def test_without_scripts_a_selection_is_changed_and_undone_by_forms(open_page, declare):
    page = open_page("/", javascript=False)
    reference = declare(page, "Plain forms only")
    page.goto("/incidents?search=Plain+forms+only")
    page.get_by_role("checkbox", name=f"Select {reference}").check()
    page.locator("#bulk-resolve summary").click()
    page.locator("#bulk-resolve").get_by_role("button", name="Resolve").click()
    expect(page.get_by_text(f"{reference} resolved")).to_be_visible()
    assert page.url.endswith("/incidents?search=Plain+forms+only")
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"Undone: {reference}.")).to_be_visible()


def test_export_of_a_filtered_list_is_what_the_list_shows(open_page, declare):
    page = open_page("/")
    for title in ("Exported & <odd>", "Exported too", "Left out"):
        declare(page, title)
    page.goto("/incidents")
    page.get_by_label("Search", exact=True).fill("exported")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search=exported"))
    page.locator("[data-export] summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="JSON").click()
    whole = json.loads(Path(waiting.value.path()).read_text())
    assert [one["title"] for one in whole["incidents"]] == ["Exported too", "Exported & <odd>"]
    assert waiting.value.suggested_filename.endswith(".json")
    _row(page, "Exported too").get_by_role("checkbox").check()
    page.locator("#bulk-export summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert (len(lines), "Exported too" in lines[1]) == (2, True)
