"""axe-core in a page: loaded once, run any number of times, returns only violations."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RUN = "([part, options]) => axe.run(part || document, options).then((found) => found.violations)"
# A selector, or selectors by `include` and `exclude`; None for the whole page.
Part = str | dict[str, list[list[str]]] | None


def violations(page: Page, options: dict[str, Any], part: Part = None) -> list[dict[str, Any]]:
    """The rules that the page as it is now breaks, each with its `id` and its `nodes`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)  # not as a <script>, which the page's CSP would refuse
    found: list[dict[str, Any]] = page.evaluate(RUN, [part, options])
    return found
