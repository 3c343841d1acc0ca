"""Pictures of every page: two widths, two themes, into gallery/; and the one the README shows.

    python -m scripts.gallery [--readme]

Starts a Tocsin of its own on throw-away servers, fills it through the real services, and stops it again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import django
import requests
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests import servers

if TYPE_CHECKING:  # needs settings, which need servers
    from tests.browser.site import Site

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "INC-7"
# Besides every page the URL conf knows: filters, words that break layouts, errors.
MORE = {
    "list-filtered": "/incidents?severity=critical,high&status=active&sort=severity",
    "list-not-understood": "/incidents?severity=purple&status=active&cursor=nonsense",
    "incident-alerted": "/incidents/INC-8",
    "incident-detected": "/incidents/INC-9",
    "incident-hostile": f"/incidents/{HOSTILE}",
    "resolve-hostile": f"/incidents/{HOSTILE}/resolve",
    "nothing-matches": "/?view=all&severity=sev4&component=nothing",
    "list-hostile": "/incidents?search=payments",
    "found": "/find?q=pay",
    "found-nothing": "/find?q=nothing-like-it",
    "error-404": "/nowhere",
}
# What opens on a page: where, and what to click or press.
OPENED = {
    "declare-dialog": ("/", "a[href='/incidents/declare']"),
    "severity-menu": ("/incidents/INC-2", ".summary-chip"),
    "row-menu": ("/incidents", ".row-menu summary"),
    "export-menu": ("/incidents", "[data-export] summary"),
    "picked": ("/incidents", "[data-pick-all] input"),
    "title-in-place": (f"/incidents/{HOSTILE}", ".title-edit summary"),
    "account-menu": ("/", ".account summary"),
    "palette": ("/", "[data-palette-open]"),
}
EMPTY = ("/", "/incidents", "/find")


@contextmanager
def _world() -> Iterator[Site]:
    servers.start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        from tests.browser.site import running_site

        with tempfile.TemporaryDirectory() as folder, running_site(Path(folder)) as site:
            subprocess.run(
                [sys.executable, "-m", "scripts.gallery_world"],
                cwd=ROOT,
                env=os.environ | site.environment,
                check=True,
            )
            site.send_errors("ledger-api", 24)
            _until_detected(f"{site.url}/api/v1/incidents/9")
            yield site
    finally:
        servers.stop()


def _until_detected(url: str) -> None:
    for _ in range(100):
        if requests.get(url, timeout=10).ok:
            return
        time.sleep(0.2)
    raise TimeoutError("detection opened no incident")


def _pages(site: Site, browser: Browser) -> dict[str, str]:
    """name -> path of every page that answers with HTML."""
    from tests.browser.addresses import addresses
    from tests.browser.conftest import sign_in

    context = browser.new_context(base_url=site.url)
    sign_in(page := context.new_page(), "dana.ruiz")
    found = {}
    for path in addresses(site, "INC-2"):
        answer = page.request.get(path, max_redirects=0)
        if answer.status == 200 and "text/html" in answer.headers.get("content-type", ""):
            found[path.strip("/").replace("/", "-").lower() or "home"] = path
    context.close()
    return found


def _shoot(browser: Browser, site: Site, pages: dict[str, str], width: int, theme: str, folder: Path) -> None:
    from tests.browser.conftest import sign_in

    size = {"width": width, "height": 900}
    context = browser.new_context(base_url=site.url, viewport=size, color_scheme=theme)
    page, ending = context.new_page(), f"{width}-{theme}.png"
    page.goto("/sign-in")
    _save(page, folder / f"sign-in-{ending}")
    sign_in(page, "dana.ruiz")
    for name, path in (pages | MORE).items():
        page.goto(path)
        _save(page, folder / f"{name}-{ending}")
    for name, (path, click) in OPENED.items():
        page.goto(path)
        page.locator(click).first.click()
        _save(page, folder / f"{name}-{ending}", full_page=False)
    _errors(page, folder, ending)
    context.clear_cookies()
    sign_in(page, "quinn.empty")
    for path in EMPTY:
        page.goto(path)
        _save(page, folder / f"empty-{path.strip('/') or 'home'}-{ending}")
    context.close()


def _answer(html: str, route: Route) -> None:
    route.fulfill(body=html, content_type="text/html")


def _errors(page: Page, folder: Path, ending: str) -> None:
    """The pages of last resort, as the server renders them."""
    from django.template.loader import render_to_string

    for status in (400, 403, 500):
        html = render_to_string(f"{status}.html", {"request_id": "4f1b9c2e"})
        page.route("**/last-resort", partial(_answer, html))
        page.goto("/last-resort")
        page.unroute("**/last-resort")
        _save(page, folder / f"error-{status}-{ending}")


def _save(page: Page, path: Path, *, full_page: bool = True) -> None:
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(350)
    page.screenshot(path=path, full_page=full_page)


def main() -> None:
    """Make all pictures, or with --readme only the README's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true")
    only_readme = parser.parse_args().readme
    folder = ROOT / ("docs/img" if only_readme else "gallery")
    folder.mkdir(parents=True, exist_ok=True)
    from tests.browser.conftest import CHROMIUM, FLAGS, sign_in

    with _world() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if only_readme:
            page = browser.new_page(
                base_url=site.url, viewport={"width": 1440, "height": 860}, color_scheme="light"
            )
            sign_in(page, "dana.ruiz")
            _save(page, folder / "active-incidents.png", full_page=False)
        else:
            pages = _pages(site, browser)
            for width in (1440, 390):
                for theme in ("light", "dark"):
                    _shoot(browser, site, pages, width, theme, folder)
        browser.close()


if __name__ == "__main__":
    main()
