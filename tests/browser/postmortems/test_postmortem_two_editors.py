"""Two people write one postmortem: nothing either of them typed is lost, and a conflict shows both texts."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import expect

SHOTS = os.environ.get("TOCSIN_SHOTS", "")  # a folder for pictures of these pages
WAIT_MS = 20_000


def test_two_people_write_one_postmortem(open_page, declare):
    dana = open_page("/")
    declare(dana, "Checkout answers 502")
    number = re.search(r"INC-\d+", dana.url)[0]
    page = f"/postmortems/{number}"
    dana.goto(page)
    dana.get_by_role("button", name="Draft postmortem").click()
    expect(dana.get_by_role("heading", level=1)).to_have_text("Postmortem: Checkout answers 502")
    theo = open_page(f"{page}/sections/went_well", who="theo.lind")
    dana.goto(f"{page}/sections/went_well")

    box = "[data-editor-text]"
    dana.locator(box).fill("one\ntwo\nthree")
    expect(dana.locator("[data-editor-state]")).to_contain_text("Saved", timeout=WAIT_MS)
    theo.reload()
    expect(theo.locator(box)).to_have_value("one\ntwo\nthree")
    theo.locator(box).fill("one\ntwo\nthree\nfour by Theo")
    expect(theo.locator("[data-editor-state]")).to_contain_text("Saved", timeout=WAIT_MS)
    dana.locator(box).fill("zero by Dana\none\ntwo\nthree")
    expect(dana.locator("[data-editor-state]")).to_contain_text("Theo Lind", timeout=WAIT_MS)
    expect(dana.locator(box)).to_have_value("zero by Dana\none\ntwo\nthree\nfour by Theo")

    theo.reload()
    theo.locator(box).fill("zero by Dana\nTHEO\ntwo\nthree\nfour by Theo")
    expect(theo.locator("[data-editor-state]")).to_contain_text("Saved", timeout=WAIT_MS)
    dana.locator(box).fill("zero by Dana\nDANA\ntwo\nthree\nfour by Theo")
    expect(dana.locator("[data-editor-state]")).to_contain_text(
        "Theo Lind changed the same lines", timeout=WAIT_MS
    )
    dana.get_by_role("button", name="Save", exact=True).click()
    expect(dana.get_by_role("heading", level=1)).to_contain_text("Two people changed")
    _picture(dana, "both")
    dana.get_by_role("button", name="Use both, mine below").click()
    section = dana.locator("#section-went_well")
    expect(section).to_contain_text("THEO")
    expect(section).to_contain_text("DANA")
    _pictures(open_page, page)


def _picture(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def _pictures(open_page, path: str) -> None:
    """Every page in two widths and two themes, if TOCSIN_SHOTS names a folder."""
    if not SHOTS:
        return
    pages = {
        "document": path, "editor": f"{path}/sections/went_well", "whys": f"{path}/five-whys",
        "items": "/action-items", "lessons": "/lessons", "versions": f"{path}/versions/2",
        "templates": "/settings/postmortems", "list": "/postmortems",
    }  # fmt: skip
    for width, theme in ((1440, "light"), (390, "dark")):
        shown = open_page(path, width=width, theme=theme)
        for name, where in pages.items():
            shown.goto(where)
            _picture(shown, f"{name}-{width}-{theme}")


def test_whys_are_climbed_without_the_mouse(open_page, declare):
    page = open_page("/")
    declare(page, "Queue stalls")
    number = re.search(r"INC-\d+", page.url)[0]
    page.goto(f"/postmortems/{number}/five-whys")
    page.locator("[name=question]").fill("Why did the queue stall?")
    page.locator("[name=answer]").last.fill("The consumer died.")
    page.locator("[name=answer]").last.press("Enter")
    expect(page.locator(".pm-ladder")).to_contain_text("The consumer died.")
    question = page.locator("[data-next-why] [name=question]")
    expect(question).to_be_focused()
    question.press("Tab")
    expect(page.locator("[name=is_branch]")).to_be_checked()
    expect(question).to_be_focused()
    question.press("Shift+Tab")
    expect(page.locator("[name=is_branch]")).not_to_be_checked()
