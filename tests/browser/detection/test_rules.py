"""A rule made in the browser: validated while typing, tested before it is saved."""

from __future__ import annotations

from playwright.sync_api import expect


def test_rule_is_validated_while_typing_and_tested_before_saving(open_page):
    page = open_page("/rules/error_burst")
    events, sentence = page.get_by_label("Events", exact=True), page.locator("#rule-sentence")
    events.fill("0")
    expect(page.locator("#faults-error_threshold")).to_have_text("Must be a whole number from 1 to 10000.")
    events.fill("2")
    expect(page.locator("#faults-error_threshold")).to_be_empty()
    expect(sentence).to_contain_text("2 in 5 min from one source")
    page.get_by_label("Events to test the rule with").fill("one\ntwo\nthree")
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#trial")).to_contain_text("1 incident would have been opened.")
    page.get_by_role("link", name="Rules", exact=True).first.click()
    expect(page.locator("#rule-error_burst")).to_contain_text("10 in 5 min")
