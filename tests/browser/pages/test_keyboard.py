"""Keys, palette, shared stream, optimistic edits and drafts: fast, and without lost input."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.site_data import PASSWORD
from tests.tables import whole

SESSION = re.compile("session")  # the proof of origin outlives it, as in a browser that is back from lunch
LIVE = "[data-live-dot][data-state=live]"
ARRIVED = "place => location.pathname === place && document.readyState === 'complete'"


def _sign_in_again(page):
    page.get_by_label("User name or email").fill("dana.ruiz")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_palette_finds_an_incident_and_enter_opens_it(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Quicksilver queue is stuck")
    page.goto("/incidents")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or run a command")
    expect(field).to_be_focused()
    field.fill("quicksilver")
    option = page.get_by_role("option", name=re.compile("Quicksilver"))
    expect(option).to_be_visible()
    while option.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{reference}")


def test_palette_does_what_the_page_can_do_and_gives_the_focus_back(open_page, declare):
    page = open_page("/")
    declare(page, "Worked from the palette")
    page.keyboard.press("Control+k")
    page.keyboard.type("resolve")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Form").get_by_label("What fixed it?")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Resolve", exact=True).focus()
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Resolve", exact=True)).to_be_focused()


def test_incident_is_chosen_taken_and_opened_without_the_mouse(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Hands stay on the keys")
    page.goto("/?search=Hands+stay")
    page.keyboard.press("j")
    expect(page.locator("[data-row][aria-selected=true]")).to_contain_text(reference)
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_be_visible()
    expect(page.get_by_role("button", name=f"Resolve {reference}")).to_be_visible()
    expect(page.locator("[data-row][aria-selected=true]")).to_contain_text(reference)
    page.keyboard.press("o")
    page.wait_for_url(f"**/incidents/{reference}")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents")


def test_every_key_of_the_sheet_does_what_is_listed(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Each key in turn")
    form = page.get_by_role("dialog", name="Form")
    for path, keys in ((f"/incidents/{reference}", "srie"), ("/?search=Each+key", "srin")):
        for key in keys:
            page.goto(path)
            page.keyboard.press("j") if "search" in path else None
            page.keyboard.press(key)
            expect(form, f"{key} on {path}").to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-row] input:checked")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.goto("/")
    read = "all => all.map(one => [one.dataset.keys, one.pathname])"
    places = page.locator("nav [data-keys]").evaluate_all(read)
    assert len(places) >= 6
    for keys, place in places:
        for key in keys.split():
            page.keyboard.press(key)
        # A page may be asked for again while it loads, which wait_for_url takes for a failure.
        page.wait_for_function(ARRIVED, arg=place)


def test_printed_page_shows_absolute_times(open_page, declare):
    page = open_page("/")
    declare(page, "Read on paper")
    page.emulate_media(media="print")
    for event, words in (("beforeprint", r"\d{4}"), ("afterprint", r"ago|just now")):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        expect(page.locator(".entry-head time[data-time=ago]").first).to_have_text(re.compile(words))
    expect(page.get_by_role("button", name="Acknowledge")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_keys_rest_while_typing_and_when_switched_off(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Keys at rest")
    page.locator("[data-composer] textarea").press_sequentially("r?gi")
    expect(page.locator("[data-composer] textarea")).to_have_value("r?gi")
    page.goto(f"/incidents/{reference}")
    page.evaluate("document.documentElement.dataset.keys = 'off'")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_tabs_share_one_stream_and_the_next_one_takes_over(open_page, site):
    first, streams = open_page("/"), []
    expect(first.locator(LIVE)).to_have_count(1)
    first.context.on("request", lambda request: "/live?" in request.url and streams.append(request))
    first.reload()
    expect(first.locator(LIVE)).to_have_count(1)
    second = first.context.new_page()
    second.goto("/incidents")
    expect(second.locator(LIVE)).to_have_count(1)
    assert len(streams) == 1
    site.send_errors("told-by-the-other-tab", 5)
    expect(second.locator("[data-row]", has_text="told-by-the-other-tab")).to_be_visible(timeout=10_000)
    first.close()
    site.send_errors("after-the-first-closed", 5)
    expect(second.locator("[data-row]", has_text="after-the-first-closed")).to_be_visible(timeout=10_000)
    assert len(streams) == 2


def _hold(page, where):
    """Posts to that address wait, and are listed, until the test refuses them."""
    held = []
    page.route(
        where, lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    return held


def _refuse(page, held):
    """Respond to the one held post with 500, once the browser has sent it."""
    for _ in range(500):
        if held:
            break
        page.wait_for_timeout(20)
    (route,) = held
    route.fulfill(status=500, body="no")


def test_acknowledging_and_taking_a_role_show_at_once_and_go_back_when_refused(open_page, declare):
    page = open_page("/")
    declare(page, "Mine before the server knows")
    held = _hold(page, "**/acknowledge")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator(".actions .pending")).to_have_text("Acknowledged")
    _refuse(page, held)
    expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_be_visible()
    held = _hold(page, "**/assign")
    page.get_by_role("button", name=re.compile("^Claim")).first.click()
    expect(page.locator(".role-holder .pending")).to_have_text("Dana Ruiz")
    _refuse(page, held)
    expect(page.locator(".role-holder .pending")).to_have_count(0)
    expect(page.locator(".role-holder").first).to_have_text("Unassigned")


def test_change_on_the_incident_page_is_undone_from_its_toast(open_page, declare):
    page = open_page("/")
    declare(page, "Done too soon")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Acknowledge", exact=True)).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Acknowledgement undone by Dana Ruiz.")


def test_severity_shows_at_once_and_goes_back_when_refused(open_page, declare):
    page = open_page("/")
    declare(page, "Shown before it is so")
    held = _hold(page, "**/severity")
    page.locator(".summary-chip").click()
    page.locator("button[name=severity][value=sev1]").click()
    expect(page.locator(".summary-chip")).to_contain_text("SEV1")
    _refuse(page, held)
    expect(page.locator(".toast-error")).to_contain_text("Nothing was changed")
    expect(page.locator(".summary-chip .sev:visible")).to_have_text("SEV3")


def test_form_opened_right_behind_a_change_is_made_for_what_was_saved(open_page, declare):
    page = open_page("/")
    declare(page, "Faster than the line")
    form, held = page.get_by_role("dialog", name="Form"), _hold(page, "**/severity")
    page.locator(".summary-chip").click()
    page.locator("button[name=severity][value=sev1]").click()
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.keyboard.press("s")
    for _ in range(500):
        if held:
            break
        page.wait_for_timeout(20)
    assert [url for url in fetched if url.endswith("/status")] == []
    held[0].continue_()
    form.get_by_label("New status").select_option("identified")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#panel-incident-header")).to_contain_text("Identified")


def test_session_that_ends_while_writing_loses_no_text(open_page, declare):
    page = open_page("/")
    reference = declare(page, "Written across a sign-in")
    page.locator("[data-composer] textarea").fill("Half an hour of careful thought")
    page.context.clear_cookies(name=SESSION)
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/sign-in?**")
    _sign_in_again(page)
    page.wait_for_url(f"**/incidents/{reference}")
    expect(page.locator("[data-composer] textarea")).to_have_value("Half an hour of careful thought")
    expect(page.locator(".entry-note")).to_have_count(0)


def test_form_in_the_dialog_is_restored_too(open_page, declare):
    page = open_page("/")
    declare(page, "A dialog across a sign-in")
    page.get_by_role("link", name="Resolve", exact=True).click()
    dialog = page.get_by_role("dialog", name="Form")
    dialog.get_by_label("What fixed it?").fill("Rolled back release 41")
    page.context.clear_cookies(name=SESSION)
    dialog.get_by_role("button", name="Resolve").click()
    page.wait_for_url("**/sign-in?**")
    _sign_in_again(page)
    expect(dialog.get_by_label("What fixed it?")).to_have_value("Rolled back release 41")


def test_idle_page_shows_that_it_is_signed_out_and_stays(open_page, declare):
    page = open_page("/")
    declare(page, "No one is at the desk")
    page.locator("[data-composer] textarea").fill("half a sent")
    page.context.clear_cookies(name=SESSION)
    page.evaluate("document.querySelectorAll('[data-panel]').forEach((p) => htmx.trigger(p, 'tocsin:panel'))")
    expect(page.locator("[data-away=signed-out]")).to_be_visible()
    expect(page.locator("[data-composer] textarea")).to_have_value("half a sent")


@pytest.mark.parametrize("path", ["/incidents", *whole("/find", "/style")])
def test_count_of_open_incidents_leads_every_title(open_page, declare, path):
    page = open_page("/")
    declare(page, "Counted")
    page.goto(path)
    expect(page).to_have_title(re.compile(r"^\(\d+\) .+ · Tocsin$"))
