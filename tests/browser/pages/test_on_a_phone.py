"""Small screens, touch targets, reduced motion, and text that strains the layout."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.pages.test_every_page import OVER

PHONE = {"width": 360, "height": 740}
WORD = "x" * 200
HEBREW = "תקלה בשרת התשלומים: כל הבקשות נדחות"
RUNNING = "document.getAnimations().filter(one => one.playState === 'running').length"
# Where a button is, and whether it is the topmost element there: in one call, as live updates renew it.
BUTTON = """words => {
  const one = [...document.querySelectorAll("button")].find(one => one.textContent.trim() === words);
  const { x, y, width, height } = one.getBoundingClientRect();
  const there = document.elementFromPoint(x + width / 2, y + height / 2);
  return { y, width, height, isOnTop: one.contains(there) };
}"""
MOVING = """() => [...document.querySelectorAll("*")].filter(one => {
  const style = getComputedStyle(one);
  return style.animationName !== "none" || style.transitionDuration.split(",").some(s => parseFloat(s) > 0);
}).map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def phone(chromium, site, cookies, open_page):
    """`phone(path)`: a touch screen of 360 px, signed in."""
    open_page("/")  # the first sign-in stores the cookies
    context = chromium.new_context(
        base_url=site.url, storage_state=cookies["dana.ruiz"], viewport=PHONE, has_touch=True, is_mobile=True
    )
    yield context.new_page()
    context.close()


def test_acknowledging_is_within_reach_of_the_thumb(phone, open_page, declare):
    reference = declare(open_page("/"), f"Felt on the phone {WORD[:180]}")
    phone.goto(f"/incidents/{reference}")
    for far_down in (False, True):
        phone.evaluate("down => scrollTo(0, down ? document.body.scrollHeight : 0)", far_down)
        box = phone.evaluate(BUTTON, "Acknowledge")
        assert PHONE["height"] / 2 < box["y"] <= PHONE["height"] - box["height"]
        assert min(box["width"], box["height"]) >= 44
        assert box["isOnTop"]
    assert phone.evaluate(OVER) <= 0
    phone.get_by_role("button", name="Acknowledge", exact=True).tap()
    expect(phone.get_by_text(f"{reference} acknowledged")).to_be_visible()


def test_reduced_motion_disables_animations(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Stands still")
    page.emulate_media(reduced_motion="reduce")
    for path in ("/", f"/incidents/{reference}"):
        page.goto(path)
        assert (page.evaluate(MOVING), page.evaluate(RUNNING)) == ([], 0)
    page.get_by_role("link", name="Resolve", exact=True).click()
    expect(page.get_by_role("dialog", name="Form").get_by_label("What fixed it?")).to_be_visible()
    assert (page.evaluate(MOVING), page.evaluate(RUNNING)) == ([], 0)


@pytest.mark.parametrize(
    "words",
    [pytest.param(WORD, marks=pytest.mark.whole), f"{HEBREW} {WORD}"[:200]],
    ids=["long", "right-to-left"],
)
def test_text_of_any_length_and_direction_stays_within_the_page(open_page, declare, words):
    page = open_page("/")
    reference = declare(page, words)
    page.locator("[data-composer] textarea").fill(words)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".entry-note")).to_contain_text(words)
    wide = []
    for path in ("/", "/incidents", f"/incidents/{reference}", f"/incidents/{reference}/resolve"):
        page.goto(path)
        for width in (360, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            wide += [(path, width)] if page.evaluate(OVER) > 0 else []
    assert wide == []
    page.goto(f"/incidents/{reference}")
    title = page.locator("h1[dir], h1 [dir]")
    expect(title.first).to_have_css("direction", "rtl" if words.startswith(HEBREW) else "ltr")
