"""Every page the URL conf knows: readable by everybody in both themes, nothing overflowing on any screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.addresses import addresses

LONG = "Payments-" + "x" * 150
EXTRA = ("/?severity=sev1", "/incidents?search=nothing-like-it", "/find?q=payments", "/nowhere")
WIDTHS = (360, 390, 768, 1100, 1440, 1920)
CONTRAST = {"runOnly": ["color-contrast"]}
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def pages(open_page, declare, site):
    """A signed-in page and every path that answers with HTML."""
    page = open_page("/")
    reference = declare(page, LONG)
    page.request.post(
        f"/incidents/{reference}/component",
        form={"component": "c" * 120, "impact": "degraded", "csrfmiddlewaretoken": _token(page)},
        headers={"Referer": page.url},
    )
    found, broken = [], []
    for path in [*addresses(site, reference), *EXTRA]:
        answer = page.request.get(path, max_redirects=0)
        if answer.status >= 500:
            broken.append((path, answer.status))
        is_page = answer.status == 200 and "text/html" in answer.headers.get("content-type", "")
        if is_page or path == "/nowhere":
            found.append(path)
    return page, found, broken


def _token(page):
    return page.locator("input[name=csrfmiddlewaretoken]").first.input_value()


def _faults(axe, page, where, options=None):
    found = axe.run(page, options=options).response["violations"]
    return [(*where, one["id"], node["html"][:140]) for one in found for node in one["nodes"]]


def _look(axe, page, path):
    """What is wrong with one page: rules of access in light, contrast in dark, width on six screens."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(path)
    found = _faults(axe, page, (path, "light"))
    if page.locator("h1").count() != 1 or not page.title().endswith("Tocsin"):
        found.append((path, "one h1, and a title that ends with the site's name", page.title()))
    page.emulate_media(color_scheme="dark")
    found += _faults(axe, page, (path, "dark"), CONTRAST)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (over := page.evaluate(OVER)) > 0:
            found.append((path, f"{over} px wider than {width}"))
    return found


def test_every_page_is_for_everybody_in_both_themes_and_on_every_screen(pages):
    page, paths, broken = pages
    axe, found = Axe(), []
    assert broken == []
    assert len(paths) > 15
    for path in paths:
        found += _look(axe, page, path)
    page.context.clear_cookies()
    found += _look(axe, page, "/sign-in")
    assert found == []


@pytest.mark.parametrize("width", [360, 1440])
def test_what_opens_on_a_page_is_for_everybody_too(open_page, declare, width):
    page, axe = open_page("/", width=width), Axe()
    declare(page, LONG)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("pay")
    page.get_by_role("option").first.wait_for()
    found = _faults(axe, page, ("palette",))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found += _faults(axe, page, ("sheet",))
    assert page.evaluate(OVER) <= 0
    assert found == []
