"""From a resolved incident to a published postmortem, by two people in two browsers."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations

SHOTS = os.environ.get("TOCSIN_SHOTS", "")  # a folder for pictures
WAIT_MS = 20_000
WHY = "Not known a week after the incident."
RULES = {"resultTypes": ["violations"], "preload": False}  # preloading puts styles in, which the CSP refuses
COLOURS = RULES | {"runOnly": ["color-contrast", "link-in-text-block"]}
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DROP = """async () => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  canvas.getContext("2d").fillRect(0, 0, 8, 8);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const carried = new DataTransfer();
  carried.items.add(new File([blob], "graph.png", { type: "image/png" }));
  const given = { dataTransfer: carried, bubbles: true, cancelable: true };
  document.querySelector("[data-editor-text]").dispatchEvent(new DragEvent("drop", given));
}"""
LOOKS = ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"))


def test_two_people_bring_a_postmortem_from_resolved_to_published(open_page, declare):
    dana = open_page("/")
    declare(dana, "Checkout answers 503")
    number = re.search(r"INC-\d+", dana.url)[0]
    dana.get_by_role("link", name="Resolve", exact=True).click()
    dialog = dana.get_by_role("dialog", name="Form")
    dialog.get_by_label("What fixed it?").fill("Rolled back the release")
    dialog.get_by_role("button", name="Resolve").click()
    expect(dana.locator("#panel-incident-header")).to_contain_text("Resolved")
    page = f"/postmortems/{number}"
    dana.goto(page)
    if dana.get_by_role("button", name="Draft postmortem").count():  # the worker has not drafted it yet
        dana.get_by_role("button", name="Draft postmortem").click()
    expect(dana.get_by_role("heading", level=1)).to_have_text("Postmortem: Checkout answers 503")

    dana.goto(f"{page}/sections/went_well")
    box = dana.locator("[data-editor-text]")
    box.fill("The rollback took a minute.")
    box.select_text()
    box.press("Control+b")
    expect(box).to_have_value("**The rollback took a minute.**")
    expect(dana.locator("[data-editor-state]")).to_contain_text("Saved", timeout=WAIT_MS)
    expect(dana.locator("#panel-postmortem-saved")).to_contain_text("Saved by Dana Ruiz", timeout=WAIT_MS)

    theo = open_page(f"{page}/sections/business_impact", who="theo.lind")
    theo.locator("[data-editor-text]").fill("About 300 orders failed, says @dana.ruiz.\n\n/chart timeline")
    theo.get_by_role("button", name="Save", exact=True).click()
    section = theo.locator("#section-business_impact")
    expect(section.locator("table.chart-block caption")).to_contain_text(f"Timeline entries of {number}")
    expect(section).to_contain_text("Saved by Theo Lind")
    missing = theo.locator(".pm-missing").get_by_role("link", name=re.compile("^Waive"))
    while missing.count():
        left = missing.count()
        missing.first.click()
        theo.get_by_label("Why can it be skipped?").fill(WHY)
        theo.get_by_role("button", name="Waive", exact=True).click()
        expect(missing).to_have_count(left - 1)
    theo.get_by_role("button", name="Request review").click()
    expect(theo.get_by_text("In review").first).to_be_visible()
    expect(theo.get_by_role("button", name="Publish")).to_have_count(0)

    dana.goto(page)
    while dana.get_by_role("button", name="Approve").count():
        left = dana.get_by_role("button", name="Approve").count()
        dana.get_by_role("button", name="Approve").first.click()
        expect(dana.get_by_role("button", name="Approve")).to_have_count(left - 1)
    dana.get_by_role("button", name="Publish").click()
    expect(dana.get_by_text("Published").first).to_be_visible()
    theo.goto(page)
    expect(theo.get_by_text("Published").first).to_be_visible()
    theo.goto(f"{page}/sections/went_well")
    expect(theo.get_by_text("This postmortem is published")).to_be_visible()
    expect(theo.locator("[data-editor-text]")).to_have_count(0)


@pytest.mark.whole
def test_editor_chart_and_templates_are_accessible_on_every_screen(open_page, declare):
    page = open_page("/")
    number = declare(page, "Payments time out")
    page.goto(f"/postmortems/{number}")
    page.get_by_role("button", name="Draft postmortem").click()
    address = f"/postmortems/{number}/sections/business_impact"
    page.goto(address)
    box = page.locator("[data-editor-text]")
    box.fill("Add an alert for the pool")
    box.select_text()
    page.locator("[data-tool=action]").click()
    expect(box).to_have_value(re.compile("/action Add an alert for the pool"))
    box.press("End")
    box.press_sequentially("\n- [ ] Ask **finance**\n\n/chart timeline\n\n")
    page.evaluate(DROP)
    expect(box).to_have_value(re.compile(r"!\[graph\.png\]\(/attachments/\d+\)"), timeout=WAIT_MS)
    page.get_by_role("button", name="Save", exact=True).click()
    section = page.locator("#section-business_impact")
    expect(section.locator("img[src^='/attachments/']")).to_be_visible()
    expect(section.get_by_role("link", name=re.compile("^ACT-"))).to_be_visible()
    expect(page.locator("#section-business_impact table.chart-block")).to_be_visible()
    pages = {
        "editor": address, "document": f"/postmortems/{number}", "templates": "/settings/postmortems",
    }  # fmt: skip
    found = []
    for name, where in pages.items():
        page.goto(where)
        if name == "editor":
            page.get_by_role("button", name="Side by side").click()
            expect(page.locator("[data-editor-preview] table.chart-block")).to_be_visible()
        for width, theme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            rules = COLOURS if theme == "dark" else RULES
            found += [
                (name, width, theme, one["id"], one["nodes"][0]["html"]) for one in violations(page, rules)
            ]
            if (over := page.evaluate(OVER)) > 0:
                found.append((name, width, f"{over} px too wide"))
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{theme}.png", full_page=True)
    assert found == []
