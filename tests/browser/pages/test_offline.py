"""The offline page that a browser caches: shown while Tocsin is unreachable, and replaced by itself."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.faults.proxy import Proxy

TITLE = "Tocsin is unreachable"


@pytest.fixture
def wire(site) -> Iterator[Proxy]:
    proxy = Proxy(urlsplit(site.url).port)
    yield proxy
    proxy.close()


@pytest.fixture
def page(chromium, wire) -> Iterator[Page]:
    """Signed in over a connection that can be cut, by a browser that may cache pages."""
    context = chromium.new_context(base_url=f"http://127.0.0.1:{wire.port}")
    page = context.new_page()
    sign_in(page, "dana.ruiz")
    yield page
    context.close()


def _is_cached(page: Page) -> bool:
    """Whether the browser's keeper is at work."""
    return bool(page.evaluate("navigator.serviceWorker.ready.then((it) => Boolean(it.active))"))


def test_unreachable_page_shows_the_offline_page_and_reloads_later(page, wire):
    assert _is_cached(page)
    wire.refuse()
    page.goto("/incidents?status=active")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    font = page.locator(".problem-title").evaluate("(it) => getComputedStyle(it).fontFamily")
    assert "Inter" in font
    assert page.url.endswith("/incidents?status=active")
    wire.heal()
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible(timeout=15_000)
    assert page.url.endswith("/incidents?status=active")


def test_cache_holds_no_personal_data(page):
    assert _is_cached(page)
    cached = page.evaluate(
        "caches.open('tocsin-offline').then((store) => store.keys())"
        ".then((keys) => keys.map((it) => new URL(it.url).pathname))"
    )
    assert "/offline" in cached
    assert all(path == "/offline" or path.startswith("/static/") for path in cached)
    assert "dana" not in page.evaluate("caches.match('/offline').then((it) => it.text())").lower()
