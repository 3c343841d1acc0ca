"""Every page, in both themes and on narrow and wide screens: readable by everybody, nothing overflowing."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

SETTINGS = (
    "profile", "workspace", "members", "members/new", "tokens", "tokens/new", "sla", "audit", "system",
    "deployment",
)  # fmt: skip
PAGES = (
    "/",
    "/?severity=sev1",
    "/incidents",
    "/incidents/declare",
    "{incident}",
    "{incident}/resolve",
    "{incident}/severity",
    "/nowhere",
    "/rules",
    "/rules/error_burst",
    "/rules/new",
    "/setup",
    *(f"/settings/{name}" for name in SETTINGS),
)
LONG = "Payments-" + "x" * 150


@pytest.fixture
def paths(open_page, declare):
    page = open_page("/")
    reference = declare(page, LONG)
    return [path.format(incident=f"/incidents/{reference}") for path in PAGES]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_page, paths, theme):
    page, found = open_page("/", theme=theme), []
    for path in [*paths, "/sign-in"]:
        if path == "/sign-in":
            page.context.clear_cookies()
        page.goto(path)
        results = Axe().run(page)
        found += [
            (path, v["id"], n["html"][:120]) for v in results.response["violations"] for n in v["nodes"]
        ]
    assert found == []


@pytest.mark.parametrize("width", [360, 390, 768, 1100, 1440, 1920])
def test_nothing_is_wider_than_the_screen(open_page, paths, width):
    page, wide = open_page("/", width=width), []
    for path in paths:
        page.goto(path)
        if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            wide.append((path, over))
    assert wide == []
