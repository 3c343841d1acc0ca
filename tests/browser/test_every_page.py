"""Every page the URL conf knows: readable by everybody in both themes, nothing overflowing on any screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.addresses import addresses
from tests.browser.conftest import sign_in

LONG = "Payments-" + "x" * 150
EXTRA = ("/?severity=sev1", "/incidents?search=nothing-like-it", "/find?q=payments", "/nowhere")
PARTS = 6  # none of them near the limit of one test, on a slow machine either
WIDTHS = (360, 768, 1100, 1920)
CONTRAST = {"runOnly": ["color-contrast"]}
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def paths(site, chromium):
    """Every path that answers a signed-in admin with HTML, found once."""
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    sign_in(page, "dana.ruiz")
    page.goto("/incidents/declare")
    page.get_by_label("What is happening?").fill(LONG)
    page.locator("#id_components").fill("c" * 120)
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url("**/incidents/INC-*")
    found = [*addresses(site, page.url.rsplit("/", 1)[-1]), *EXTRA]
    found = [path for path in found if _is_page(page, path)]
    context.close()
    return found


def _is_page(page, path):
    answer = page.request.get(path, max_redirects=0)
    assert answer.status < 500, path
    return path == "/nowhere" or (answer.status == 200 and answer.text().startswith("<!doctype html>"))


def _faults(axe, page, where, options=None):
    found = axe.run(page, options=options).response["violations"]
    return [(*where, one["id"], node["html"][:140]) for one in found for node in one["nodes"]]


def _look(axe, page, path):
    """What is wrong with one page: rules of access in light, contrast in dark, width on four screens."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(path)
    found = _faults(axe, page, (path, "light"))
    if page.locator("h1").count() != 1 or not page.title().endswith("Tocsin"):
        found.append((path, "one h1, and a title that ends with the site's name", page.title()))
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += _faults(axe, page, (path, "dark"), CONTRAST)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (over := page.evaluate(OVER)) > 0:
            found.append((path, f"{over} px wider than {width}"))
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_for_everybody_in_both_themes_and_on_every_screen(open_page, paths, part):
    page, axe, found = open_page("/"), Axe(), []
    assert len(paths) > 15
    for path in paths[part::PARTS]:
        found += _look(axe, page, path)
    assert found == []


def test_the_sign_in_is_for_everybody(open_page):
    page = open_page("/")
    page.context.clear_cookies()
    assert _look(Axe(), page, "/sign-in") == []


@pytest.mark.parametrize("width", [360, 1440])
def test_what_opens_on_a_page_is_for_everybody_too(open_page, declare, width):
    page, axe = open_page("/", width=width), Axe()
    declare(page, LONG)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("pay")
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    found = _faults(axe, page, ("palette",))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found += _faults(axe, page, ("sheet",))
    assert page.evaluate(OVER) <= 0
    assert found == []
