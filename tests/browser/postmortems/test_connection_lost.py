"""Two people type in one section, also while their connections are lost: nothing that either typed is lost.

A few seconds; 30 with `make fuzz`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.faults.proxy import Proxy
from tests.tables import count, whole

WORDS, PAUSE_MS, WAIT_MS = count(4, 60), 500, 60_000
BOX, STATE = "[data-editor-text]", "[data-editor-state]"
Editor = tuple[Page, Proxy]


@pytest.fixture
def editor(site, chromium) -> Iterator[Callable[[str, str], Editor]]:
    """`editor("dana.ruiz", "/…")`: a page of that user over a connection of its own."""
    wires, contexts = [], []

    def open_it(who: str, path: str) -> Editor:
        wires.append(Proxy(urlsplit(site.url).port))
        base = f"http://127.0.0.1:{wires[-1].port}"
        contexts.append(chromium.new_context(base_url=base, service_workers="block"))
        page = contexts[-1].new_page()
        sign_in(page, who)
        page.goto(path)
        return page, wires[-1]

    yield open_it
    for context in contexts:
        context.close()
    for wire in wires:
        wire.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("loss", ["none", "response lost, then refused", *whole("swallowed")])
def test_what_two_people_type_is_saved_when_they_are_connected(open_page, declare, editor, loss):
    maker = open_page("/")
    number = declare(maker, "Checkout answers 502")
    maker.goto(f"/postmortems/{number}")
    maker.get_by_role("button", name="Draft postmortem").click()
    path = f"/postmortems/{number}/sections/went_well"
    maker.goto(path)
    maker.locator(BOX).fill("one\ntwo\nthree")
    expect(maker.locator(STATE)).to_contain_text("Saved", timeout=WAIT_MS)
    (dana, dana_wire), (theo, theo_wire) = editor("dana.ruiz", path), editor("theo.lind", path)
    _place(dana, len("one"))
    _place(theo, len("one\ntwo\nthree"))
    if loss == "swallowed":
        dana_wire.swallow()
    elif loss != "none":
        _lose_one_response(dana, dana_wire)
        dana_wire.refuse()
    _both_type(dana, theo, range(WORDS // 2))
    if loss != "none":
        theo_wire.refuse()
    _both_type(dana, theo, range(WORDS // 2, WORDS))
    for wire in (dana_wire, theo_wire):
        wire.heal()
    for page in (dana, theo):  # without another key
        expect(page.locator(STATE)).to_contain_text("Saved", timeout=WAIT_MS)
        expect(page.locator(STATE)).not_to_contain_text("Not saved", timeout=WAIT_MS)
    maker.goto(path)
    first, second, third = maker.locator(BOX).input_value().split("\n")
    assert (first.startswith("one"), second) == (True, "two")
    for name, line, begin in (("d", first, "one"), ("t", third, "three")):
        typed = line.removeprefix(begin).removeprefix(" first").split()
        assert typed == [f"{name}{word}" for word in range(WORDS)]


def _place(page: Page, at: int) -> None:
    page.locator(BOX).focus()
    page.locator(BOX).evaluate("(box, at) => box.setSelectionRange(at, at)", at)


def _lose_one_response(page: Page, wire: Proxy) -> None:
    """A save is stored; the page does not learn of it, and may have sent it again when this returns."""
    wire.cut_response_to(b"PUT /", deliver=0)
    page.keyboard.type(" first")
    for _ in range(WAIT_MS // PAUSE_MS):
        if wire.cut_responses:
            break
        page.wait_for_timeout(PAUSE_MS)
    assert wire.cut_responses == 1


def _both_type(dana: Page, theo: Page, words: range) -> None:
    for word in words:
        dana.keyboard.type(f" d{word}")
        theo.keyboard.type(f" t{word}")
        dana.wait_for_timeout(PAUSE_MS)


def test_space_at_the_end_stays_while_it_is_saved(open_page, declare):
    page = open_page("/")
    number = declare(page, "Checkout answers 503")
    page.goto(f"/postmortems/{number}")
    page.get_by_role("button", name="Draft postmortem").click()
    page.goto(f"/postmortems/{number}/sections/went_well")
    page.locator(BOX).fill("")
    page.keyboard.type("one ")
    expect(page.locator(STATE)).to_contain_text("Saved", timeout=WAIT_MS)
    page.keyboard.type("two\n")
    expect(page.locator(STATE)).to_contain_text("Not saved")
    expect(page.locator(STATE)).to_contain_text("Saved", timeout=WAIT_MS)
    page.keyboard.type("three")
    expect(page.locator(BOX)).to_have_value("one two\nthree")
