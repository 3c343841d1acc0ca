"""Screenshots of every page: two widths, two themes, into gallery/; and those for the README and the docs.

python -m scripts.gallery [--only WORDS] [--docs]

Starts a separate Tocsin on temporary servers, fills three workspaces through the real services (one with text
that breaks layouts, one with more than a page of everything, one empty), and stops it again. Takes ten
minutes or more on two cores. --only: only pictures whose name contains one of the words, which are separated
by commas. Lists the pages that are wider than their screen, and exits with 1 if there are any.
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

from scripts.gallery_albums import STORY, Album, Shot, albums, following
from scripts.gallery_docs import pictures
from tests import servers

if TYPE_CHECKING:  # needs settings, which need servers
    from tests.browser.site import Site

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = (1440, 390)
THEMES = ("light", "dark")
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STAFF_PAGES = 7  # of the admin: its first page, our settings, a list, a change page, its history


@contextmanager
def _world() -> Iterator[Site]:
    servers.start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        from tests.browser.site import running_site

        with tempfile.TemporaryDirectory() as folder, running_site(Path(folder)) as site:
            _run(site, "scripts.gallery_world")
            site.send_errors("ledger-api", 24)
            _until_detected(f"{site.url}/api/v1/incidents/9")
            yield site
    finally:
        servers.stop()


def _run(site: Site, module: str, *arguments: str) -> None:
    argv = [sys.executable, "-m", module, *arguments]
    subprocess.run(argv, cwd=ROOT, env=os.environ | site.environment, check=True)


def _until_detected(url: str) -> None:
    for _ in range(100):
        if requests.get(url, timeout=10).ok:
            return
        time.sleep(0.2)
    raise TimeoutError("detection opened no incident")


def _pages(site: Site, browser: Browser) -> dict[str, list[str]]:
    """Return who -> paths of every page with an HTML response; of the admin one of each kind."""
    from tests.browser.addresses import addresses, admin_addresses

    ours, admin = addresses(site, STORY), admin_addresses(site)
    known = {"dana.ruiz": ours, "quinn.empty": ours, "rory.keys": [*admin[0][:STAFF_PAGES], admin[1][0]]}
    return {who: _html_pages(site, browser, who, paths) for who, paths in known.items()}


def _html_pages(site: Site, browser: Browser, who: str, paths: list[str]) -> list[str]:
    from tests.browser.conftest import sign_in

    context = browser.new_context(base_url=site.url)
    sign_in(page := context.new_page(), who)
    found = []
    for path in paths:
        response = page.request.get(path, max_redirects=0)
        if response.status == 200 and "text/html" in response.headers.get("content-type", ""):
            found.append(path)
    context.close()
    return found


def _shoot(browser: Browser, site: Site, found: list[Album], width: int, folder: Path, only: str) -> None:
    """Take all albums in one width."""
    from tests.browser.conftest import sign_in

    wide = []
    for album in found:
        shots = [shot for shot in album.shots if _is_wanted(shot.name, only)]
        if not shots:
            continue
        size = {"width": width, "height": 900}
        context = browser.new_context(base_url=site.url, viewport=size, service_workers="block")
        page = context.new_page()
        if album.who:
            sign_in(page, album.who)
        while shots:
            shot = shots.pop(0)
            _picture(page, shot, folder, width)
            if (over := page.evaluate(OVER)) > 0:
                wide.append(f"{shot.name} is {over} px wider than {width}")
            if (after := following(page, shot)) and not shot.name.endswith("-next"):
                shots.insert(0, after)
        context.close()
    return wide


def _picture(page: Page, shot: Shot, folder: Path, width: int) -> None:
    page.goto(shot.path)
    page.locator(shot.awaits).first.wait_for()
    if shot.click:
        page.locator(shot.click).locator("visible=true").first.click()
    _save(page, folder / f"{shot.name}-{width}", full_page=shot.is_whole)


def _save(page: Page, path: Path, *, full_page: bool = True) -> None:
    """Save one file for each theme; open elements stay open."""
    page.evaluate("document.fonts.ready")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_timeout(150)  # for elements added by the page's scripts
        page.screenshot(path=f"{path}-{theme}.png", full_page=full_page, animations="disabled")


def _is_wanted(name: str, only: str) -> bool:
    return any(word in name for word in only.split(","))


def _errors(browser: Browser, site: Site, folder: Path, only: str) -> None:
    """Return error pages as the server renders them, served at a URL of their own."""
    with tempfile.TemporaryDirectory() as written:
        _run(site, "scripts.gallery_problems", written)
        for path in sorted(path for path in Path(written).iterdir() if _is_wanted(path.stem, only)):
            for width in WIDTHS:
                page = browser.new_page(base_url=site.url, viewport={"width": width, "height": 900})
                page.route("**/went-wrong", partial(_fulfil, path))
                page.goto("/went-wrong")
                _save(page, folder / f"{path.stem}-{width}")
                page.close()


def _fulfil(path: Path, route: Route) -> None:
    route.fulfill(path=path, content_type="text/html")


def _docs(browser: Browser, site: Site) -> list[str]:
    _run(site, "scripts.gallery_docs")
    pictures(browser, site)
    return []


def _gallery(browser: Browser, site: Site, only: str) -> list[str]:
    folder = ROOT / "gallery"
    folder.mkdir(exist_ok=True)
    _run(site, "scripts.gallery_full")
    found = list(albums(site, _pages(site, browser)))
    wide = [fault for width in WIDTHS for fault in _shoot(browser, site, found, width, folder, only)]
    _errors(browser, site, folder, only)
    return wide


def main() -> None:
    """Take all pictures, or those that are asked for, or with --docs only those of README and docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--only", default="", metavar="WORDS")
    options = parser.parse_args()
    from tests.browser.conftest import CHROMIUM, FLAGS

    with _world() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        wide = _docs(browser, site) if options.docs else _gallery(browser, site, options.only)
        browser.close()
    sys.exit("\n".join(wide) or None)


if __name__ == "__main__":
    main()
