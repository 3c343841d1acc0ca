"""Goal 8: time from an event to its row in an open browser page."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from bench.harness.browsing import sign_in
from bench.harness.figures import median, percentile
from bench.harness.history import fill
from bench.harness.posting import Poster, event
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

CHROMIUM = "/usr/bin/chromium"
LIST = "/incidents"
PATIENCE_MS = 10_000
# Records when each awaited word is first painted in the page.
WATCH = """
() => {
  window.seen = {};
  const look = () => {
    const text = document.body.innerText;
    for (const word of text.match(/page-[0-9a-f]{12}/g) || []) {
      if (!(word in window.seen)) {
        window.seen[word] = 0;
        requestAnimationFrame(() => { window.seen[word] = performance.timeOrigin + performance.now(); });
      }
    }
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
  look();
}
"""


def open_page(scale: Scale) -> Report:
    """Goal 8."""
    with running_servers() as servers:
        with running_tocsin(servers) as tocsin:
            fill(tocsin, scale.incidents)
        runs = [_run(servers, scale.page_views) for _ in range(scale.repetitions)]
    rows = [(i, len(r), percentile(r, 50), percentile(r, 95), max(r)) for i, r in enumerate(runs, 1)]
    p95 = median(percentile(run, 95) for run in runs)
    verdict = Verdict("event to visible row, p95", p95, 500, 150, " ms", more_is_better=False)
    columns = ("run", "incidents", "p50 ms", "p95 ms", "most ms")
    note = "Clock: before the POST of the fifth error to the animation frame that shows its row, in Chromium."
    title = f"event to its row in an open list of {scale.incidents:,} incidents"
    return Report(8, title, columns, rows, [verdict], note)


def _run(servers: Servers, views: int) -> list[float]:
    with running_tocsin(servers) as tocsin, _signed_in_page(tocsin) as page:
        page.evaluate(WATCH)
        poster = Poster(tocsin.port, tocsin.authorization)
        _delay(poster, page)
        return [_delay(poster, page) for _ in range(views)]


@contextmanager
def _signed_in_page(tocsin: Tocsin) -> Iterator[Page]:
    cookies = [pair.split("=", 1) for pair in sign_in(tocsin).split("; ")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": tocsin.base} for name, value in cookies])
        page = context.new_page()
        page.goto(tocsin.base + LIST)
        yield page
        browser.close()


def _delay(poster: Poster, page: Page) -> float:
    """Return milliseconds from before the POST that opens an incident to its row on the screen."""
    time.sleep(0.5)
    source = f"page-{uuid.uuid4().hex[:12]}"
    for _ in range(4):
        poster.send([event(source)])
    started = time.time() * 1e3
    poster.send([event(source)])
    page.wait_for_function("word => window.seen[word] > 0", arg=source, timeout=PATIENCE_MS, polling=50)
    return float(page.evaluate("word => window.seen[word]", source)) - started
