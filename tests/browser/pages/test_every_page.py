"""Every page of the URL conf: accessible in both themes, nothing overflowing on any screen."""

from __future__ import annotations

import pytest

from tests.browser.addresses import OPENED, addresses, admin_addresses, bundle_addresses
from tests.browser.axe import violations
from tests.browser.conftest import sign_in
from tests.browser.site_data import STAFF
from tests.tables import WHOLE, every

LONG = "Payments-" + "x" * 150
APART = ("/docs",)  # Swagger draws it: it has a test of its own
EXTRA = ("/?severity=sev1", "/incidents?search=nothing-like-it", "/find?q=payments", "/nowhere")
PARTS = 6  # none of them near the limit of one test, on a slow machine either
BESIDES = {"exclude": [["#nav-sidebar"]]}  # the same on every page of the admin
OPEN = "dialog[open], details[open]"
WIDTHS = (360, 768, 1100, 1920)
# Preloading would put the styles into the page once more, which the CSP refuses; no rule in use needs it.
RULES = {"resultTypes": ["violations"], "preload": False}
# A theme changes only colours, so these are all the rules whose result may differ in the dark.
COLOURS = RULES | {"runOnly": ["color-contrast", "link-in-text-block"]}
# Swagger UI nests its headings and buttons like this, and no setting of it changes that.
NOT_OURS = {rule: {"enabled": False} for rule in ("heading-order", "nested-interactive")}
# Every operation looks like those of the first group; all 70 would take as long as ten pages.
FIRST_OF_REFERENCE = ("header", ".information-container", ".scheme-container", "#operations-tag-Incidents",
                      "#operations-tag-Incidents + .no-margin .opblock-get")  # fmt: skip
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def paths(site, chromium):
    """Every path that returns HTML to a signed-in admin, found once."""
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    sign_in(page, "dana.ruiz")
    page.goto("/incidents/declare")
    page.get_by_label("What is happening?").fill(LONG)
    page.locator("#id_components").fill("c" * 120)
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url("**/incidents/INC-*")
    found = [*addresses(site, page.url.rsplit("/", 1)[-1]), *bundle_addresses(site), *EXTRA]
    found = [path for path in found if path not in APART and _is_page(page, path)]
    context.close()
    return found


def _is_page(page, path):
    response = page.request.get(path, max_redirects=0)
    assert response.status < 500, path
    return path == "/nowhere" or (response.status == 200 and response.text().startswith("<!DOCTYPE html>"))


def _faults(page, where, options=RULES, part=None):
    found = violations(page, options, part)
    return [(*where, one["id"], node["html"][:140]) for one in found for node in one["nodes"]]


def _look(page, path, part=None):
    """What is wrong with one page: rules of access in light, colours in dark, width on four screens."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    found = _open(page, path) + _faults(page, (path, "light"), part=part)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += _faults(page, (path, "dark"), COLOURS, part)
    return found + _too_wide(page, path)


def _open(page, path):
    """What is wrong with its heading and title."""
    page.goto(path)
    site = "status" if path.startswith("/status/") else "Tocsin"  # a public page has the workspace's own name
    if page.locator("h1").count() != 1 or site not in page.title().rsplit("·", 1)[-1]:
        return [(path, "one h1, and a title that ends with the site's name", page.title())]
    return []


def _too_wide(page, path, widths=WIDTHS):
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if (over := page.evaluate(OVER)) > 0:
            found.append((path, f"{over} px wider than {width}"))
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_in_both_themes_and_on_every_screen(open_page, paths, part):
    page, found = open_page("/"), []
    assert len(paths) > 15
    assert sum(path.startswith("/bundles/") for path in paths) == 8
    for turn, path in enumerate(paths[part::PARTS]):
        # Pages are made of the same parts: one of twelve is looked at whole; all are opened and measured.
        is_whole = WHOLE or turn % 24 == part
        found += _look(page, path) if is_whole else _open(page, path) + _too_wide(page, path, WIDTHS[:1])
    assert found == []


def test_sign_in_is_accessible(open_page):
    page = open_page("/")
    page.context.clear_cookies()
    assert _look(page, "/sign-in") == []


def test_every_kind_of_page_of_the_admin_is_too(open_page, site, paths):
    page, found = open_page("/", who=STAFF), []
    first, *others = admin_addresses(site)[0]
    found += _look(page, first)
    for path in others if WHOLE else others[::16]:  # in the dark and on small screens they are like the first
        page.goto(path)
        found += _faults(page, (path,), part=BESIDES)
    assert found == []


def test_every_list_of_the_admin_is_too(open_page, site, paths):
    page, found = open_page("/", who=STAFF), []
    lists = admin_addresses(site)[1]
    assert len(lists) > 20
    # One template draws all; in the dark they have the colours of those above.
    for path in lists if WHOLE else lists[::24]:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        found += _faults(page, (path,), part=BESIDES) + _too_wide(page, path, WIDTHS[:1])
    assert found == []


@pytest.mark.whole
def test_api_reference_is_accessible_except_its_third_party_part(open_page):
    page, found = open_page("/docs"), []
    part = {"include": [[selector] for selector in FIRST_OF_REFERENCE]}
    page.locator(".opblock").first.wait_for()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += _faults(page, (theme,), RULES | {"rules": NOT_OURS}, part)
    assert page.locator("html.dark-mode").count() == 1
    assert found + _too_wide(page, "/docs") == []


@pytest.mark.parametrize("width", [360, 1440])
def test_dialogs_opened_by_keys_are_accessible(open_page, declare, width):
    page = open_page("/", width=width)
    declare(page, LONG)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("pay")
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    found = _in_both_themes(page, "palette")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found += _in_both_themes(page, "sheet")
    assert page.evaluate(OVER) <= 0
    assert found == []


def test_dialogs_and_menus_are_accessible(open_page, paths):
    page, found = open_page("/"), []
    page.get_by_role("link", name=LONG).first.click()
    page.wait_for_url("**/incidents/INC-*")
    incident = page.url
    for name, (path, click) in every(3, OPENED.items()):
        page.goto(path.replace("{reference}", incident))
        page.locator(click).locator("visible=true").first.click()
        page.locator(OPEN).first.wait_for()
        found += _in_both_themes(page, name, OPEN)
    assert found == []


def _in_both_themes(page, name, part=None):
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += _faults(page, (name, theme), COLOURS if theme == "dark" else RULES, part)
    return found
