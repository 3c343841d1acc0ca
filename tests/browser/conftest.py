"""One real site and one Chromium for all browser tests; a page fails its test when it breaks the CSP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from core.embedded.s3 import S3
from tests.browser.site import Site, running_site
from tests.browser.site_data import PASSWORD
from tests.programs import missing

# The shell draws the same pages for four fifths of the processor time.
PROGRAMS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
CHROMIUM = next((path for path in PROGRAMS if Path(path).exists()), "")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
OpenPage = Callable[..., Page]
HIDDEN = re.compile(r'<input type="hidden" name="(csrfmiddlewaretoken|request_key)" value="([^"]+)"')


@pytest.fixture(scope="session", autouse=True)
def _with_chromium() -> None:
    if not CHROMIUM:
        missing("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


# The running site takes a tenth of a core: it ends with the last test of this folder.
@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[Site]:
    access, secret = s3.keys()
    storage = {
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3.port()}", "S3_BUCKET": "browser", "S3_ACCESS_KEY": access,
        "S3_SECRET_KEY": secret,
    }  # fmt: skip
    with running_site(tmp_path_factory.mktemp("site"), storage) as running:
        yield running


# Playwright keeps an event loop running: it must end before an asynchronous test of another folder begins.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def cookies() -> dict[str, StorageState]:
    """Sessions by user, shared by the browsers of all tests."""
    return {}


@pytest.fixture
def open_page(site: Site, chromium: Browser, cookies: dict[str, StorageState]) -> Iterator[OpenPage]:
    """`open_page("/", who="theo.lind", width=390, theme="dark", javascript=False)`: signed in."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_it(
        path: str = "/",
        *,
        who: str = "dana.ruiz",
        width: int = 1440,
        theme: str = "light",
        javascript: bool = True,
    ) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            storage_state=cookies.get(who),
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=javascript,
            service_workers="block",  # else routes of a test would not hold for what it fetches
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _collect(complaints, message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        if urlsplit(page.url).path == "/sign-in":  # the first time, or someone ended that session
            sign_in(page, who)
            cookies[who] = {"cookies": context.storage_state()["cookies"], "origins": []}
            page.goto(path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def _collect(complaints: list[str], text: str) -> None:
    if "Content Security Policy" in text or "Uncaught" in text:
        complaints.append(text)


def sign_in(page: Page, who: str) -> None:
    """Through the form, as people do."""
    page.goto("/sign-in")
    page.get_by_label("User name or email").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")


@pytest.fixture
def declare(open_page: OpenPage) -> Callable[[Page, str], str]:
    """`declare(page, "Title")`: by the signed-in user; the page then shows it. Returns the reference."""

    def make(page: Page, title: str) -> str:
        hidden = dict(HIDDEN.findall(page.request.get("/incidents/declare").text()))
        form = hidden | {"title": title, "severity": "sev3"}
        response = page.request.post("/incidents/declare", form=form, max_redirects=0)
        assert response.status == 303, response.text()
        page.goto(response.headers["location"])
        return page.url.rsplit("/", 1)[-1]

    return make
