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
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "INC-7"
PAGES = {
    "active-incidents": "/",
    "all-incidents": "/incidents",
    "list-filtered": "/incidents?severity=critical,high&status=active&sort=severity",
    "list-not-understood": "/incidents?severity=purple&status=active&cursor=nonsense",
    "incident": "/incidents/INC-2",
    "incident-detected": "/incidents/INC-8",
    "incident-hostile": f"/incidents/{HOSTILE}",
    "resolve": "/incidents/INC-2/resolve",
    "declare": "/incidents/declare",
    "nothing-matches": "/?view=all&severity=sev4&component=nothing",
    "not-found": "/nowhere",
}
# What opens on a page: where, and what to click.
OPENED = {
    "declare-dialog": ("/", "a[href='/incidents/declare']"),
    "component-dialog": ("/incidents/INC-2", ".impact-change"),
    "severity-menu": ("/incidents/INC-2", ".summary-chip"),
    "row-menu": ("/incidents", ".row-menu summary"),
    "export-menu": ("/incidents", "[data-export] summary"),
    "picked": ("/incidents", "[data-pick-all] input"),
    "title-in-place": (f"/incidents/{HOSTILE}", ".title-edit summary"),
    "account-menu": ("/", ".account summary"),
}


@contextmanager
def _world() -> Iterator[str]:
    servers.start()
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
            _until_detected(f"{site.url}/api/v1/incidents/8")
            yield site.url
    finally:
        servers.stop()


def _until_detected(url: str) -> None:
    for _ in range(100):
        if requests.get(url, timeout=10).ok:
            return
        time.sleep(0.2)
    raise TimeoutError("detection opened no incident")


def _shoot(browser: Browser, url: str, width: int, theme: str, folder: Path) -> None:
    from tests.browser.conftest import sign_in

    context = browser.new_context(base_url=url, viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.goto("/sign-in")
    _save(page, folder / f"sign-in-{width}-{theme}.png")
    sign_in(page, "dana.ruiz")
    for name, path in PAGES.items():
        page.goto(path)
        _save(page, folder / f"{name}-{width}-{theme}.png")
    for name, (path, click) in OPENED.items():
        page.goto(path)
        page.locator(click).first.click()
        _save(page, folder / f"{name}-{width}-{theme}.png", full_page=False)
    context.clear_cookies()
    sign_in(page, "quinn.empty")
    _save(page, folder / f"all-quiet-{width}-{theme}.png")
    context.close()


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

    with _world() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if only_readme:
            page = browser.new_page(
                base_url=url, viewport={"width": 1440, "height": 860}, color_scheme="light"
            )
            sign_in(page, "dana.ruiz")
            _save(page, folder / "active-incidents.png", full_page=False)
        else:
            for width in (1440, 390):
                for theme in ("light", "dark"):
                    _shoot(browser, url, width, theme, folder)
        browser.close()


if __name__ == "__main__":
    main()
