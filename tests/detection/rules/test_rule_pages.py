"""Rules through their pages, as a browser without JavaScript, and the fragments htmx asks for."""

from __future__ import annotations

import json

import pytest

from accounts.actor import system_actor
from accounts.models import AuditEntry
from detection.models import DetectionRule, Finding
from detection.rules.rule_form import SPECS, empty, sent, typed_of
from detection.rules.services.rules import install_builtin_rules, update_rule
from detection.selectors import rule_json
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NEW = empty() | {"name": "Slow checkout", "rule_id": "slow_checkout", "severity": "sev2"}


@pytest.fixture
def browser(admin, workspace):
    install_builtin_rules(system_actor(workspace.pk))
    return browser_for(admin)


def rule_named(workspace, rule_id="error_burst"):
    return DetectionRule.objects.of(workspace.pk).get(rule_id=rule_id)


def form_of(rule, **changes):
    return typed_of(rule_json(rule)) | {"version": str(rule.version)} | changes


def test_form_reads_back_what_it_shows(browser, workspace):
    for rule in DetectionRule.objects.of(workspace.pk):
        shown = rule_json(rule)
        assert sent(typed_of(shown), is_new=True) == {name: shown[name] for name in SPECS}


def test_rule_is_made_copied_changed_and_deleted_with_one_audit_row_each(browser, workspace):
    assert browser.post("/rules/new", NEW)["Location"] == "/rules/slow_checkout"
    page = browser.get("/rules/new?from=slow_checkout").content.decode()
    assert 'value="slow_checkout_copy"' in page
    rule = rule_named(workspace, "slow_checkout")
    assert browser.post("/rules/slow_checkout", form_of(rule, error_threshold="7")).status_code == 303
    assert rule_named(workspace, "slow_checkout").error_threshold == 7
    assert browser.post("/rules/slow_checkout/delete").status_code == 303
    entries = AuditEntry.objects.of(workspace.pk).filter(actor_kind="user").order_by("id")
    assert [entry.action for entry in entries] == ["rule.create", "rule.update", "rule.delete"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Must be a text of 1 to 120 characters."),
        ("rule_id", "Bad Id", "a letter first."),
        ("rule_id", "test", "s reserved; choose"),
        ("incident_type", "party", "Must be an incident type"),
        ("severity", "sev9", "Must be sev1 to sev4"),
        ("error_threshold", "0", "from 1 to 10000."),
        ("error_threshold", "many", "from 1 to 10000."),
        ("error_threshold", "٣", "from 1 to 10000."),
        ("time_window_seconds", "3601", "from 1 to 3600."),
        ("cooldown_seconds", "-1", "from 0 to 604800."),
        ("min_components_affected", "1e3", "from 1 to 1000."),
        ("message_pattern", "a(b", "Must be an RE2 regular expression"),
        ("message_pattern", "(a{1,99}){1,99}", "Must be an RE2"),
        ("event_types", "x" * 201, "at most 100 texts"),
        ("group_by", "planet", "Must be source, workspace or correlation_id."),
    ],
)  # fmt: skip
def test_form_shows_the_api_error_beside_its_field(browser, field, value, message):
    response = browser.post("/rules/new", NEW | {field: value})
    text = response.content.decode()
    assert response.status_code == 422
    if field != "event_types":
        assert message in text.split(f'id="faults-{field}"')[1].split("</div>")[0]
    call = browser.post(
        "/api/v1/rules", json.dumps(sent(NEW | {field: value}, is_new=True)), content_type="application/json"
    )
    assert call.json()["errors"][0]["field"] == field


def test_taken_rule_id_is_a_409_beside_its_field(browser):
    response = browser.post("/rules/new", NEW | {"rule_id": "error_burst"})
    assert response.status_code == 409
    assert "Is used by another rule." in response.content.decode()


def test_stale_form_is_refused_with_what_was_typed_and_goes_through_when_sent_again(
    browser, admin, workspace
):
    stale = form_of(rule_named(workspace), error_threshold="11")
    update_rule(admin, rule_id="error_burst", fields={"severity": "sev1"})
    response = browser.post("/rules/error_burst", stale)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Someone else changed this" in text
    assert 'value="11"' in text
    assert "SEV1 incident" in text
    assert browser.post("/rules/error_burst", stale | {"version": "2"}).status_code == 303


def test_built_in_rule_is_switched_changed_and_reset_but_not_deleted(browser, workspace):
    assert browser.post("/rules/error_burst/disable").status_code == 303
    assert (
        browser.post("/rules/error_burst", form_of(rule_named(workspace), error_threshold="99")).status_code
        == 303
    )
    assert browser.post("/rules/error_burst/delete").status_code == 409
    assert browser.post("/rules/error_burst/reset", {"version": "1"}).status_code == 409
    assert browser.post("/rules/error_burst/reset", {"version": "3"}).status_code == 303
    rule = rule_named(workspace)
    assert (rule.error_threshold, rule.enabled, rule.name) == (10, True, "Error burst")


def test_custom_rule_has_nothing_to_be_reset_to(browser):
    browser.post("/rules/new", NEW)
    assert browser.post("/rules/slow_checkout/reset").status_code == 409


def test_viewer_reads_every_rule_and_changes_none(browser, make_actor, workspace):
    viewer = browser_for(make_actor("viewer"))
    page = viewer.get("/rules/error_burst").content.decode()
    assert "disabled" in page
    assert 'action="/rules/test"' not in page
    assert viewer.post("/rules/error_burst", form_of(rule_named(workspace))).status_code == 403
    assert "/disable" not in viewer.get("/rules").content.decode()


def test_another_workspaces_rule_is_not_there(browser, make_actor, other_workspace):
    outsider = browser_for(make_actor("admin", inside=other_workspace))
    assert outsider.get("/rules/error_burst").status_code == 404
    assert outsider.post("/rules/error_burst/disable").status_code == 404


def test_while_typing_only_the_filled_fields_are_validated(browser):
    response = browser.post("/rules/check", empty() | {"time_window_seconds": "x"}, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 200
    assert text.count("field-error") == 1
    assert "cannot be read yet" in text
    fine = browser.post("/rules/check", empty(), headers=HTMX).content.decode()
    assert "field-error" not in fine
    assert "opens a SEV3 incident" in fine


TRY = NEW | {"try_on": "pasted", "error_threshold": "2", "events": "one\ntwo\nthree"}


def test_rule_test_returns_the_result_to_htmx_and_the_page_to_a_browser(browser):
    fragment = browser.post("/rules/test", TRY, headers=HTMX).content.decode()
    page = browser.post("/rules/test", TRY).content.decode()
    for text in (fragment, page):
        assert "1 incident would have been opened" in text
    assert "<html" not in fragment
    assert 'value="Slow checkout"' in page


@pytest.mark.parametrize(
    "changes",
    [
        {"events": ""},
        {"events": '[{"level": 1}]'},
        {"error_threshold": "0"},
        {"try_on": "stored", "minutes": "x"},
    ],
)
def test_rule_test_of_unreadable_events_shows_an_error(browser, changes):
    assert browser.post("/rules/test", TRY | changes).status_code == 422
    response = browser.post("/rules/test", TRY | changes, headers=HTMX)
    assert response.status_code == 422
    assert "notice-error" in response.content.decode()


RULE = {"error_threshold": 2, "time_window_seconds": 60}
EVENTS = [{"service": "api", "level": "error", "message": "x"}] * 3


def post_trial(browser, body):
    return browser.post("/api/v1/rules/test", json.dumps(body), content_type="application/json")


def test_api_tries_a_draft_and_a_rule_that_exists(browser):
    result = post_trial(browser, {"rule": RULE, "events": EVENTS}).json()
    assert (result["events"], result["matched"], result["is_cut"]) == (3, 3, False)
    assert result["bursts"][0]["counted"] == 3
    result = post_trial(browser, {"rule_id": "error_burst", "events": EVENTS}).json()
    assert (result["bursts"], result["quiet"]) == ([], [{"group": "api", "matched": 3}])
    assert post_trial(browser, {"rule": RULE, "minutes": 5}).json()["events"] == 0


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ([], 422, ""), ({}, 422, "rule"), ({"rule": RULE}, 422, "events"),
        ({"rule": 1, "events": EVENTS}, 422, "rule"),
        ({"rule": RULE, "rule_id": "x", "events": EVENTS}, 422, "rule"), ({"x": 1}, 422, "x"),
        ({"rule": RULE, "events": EVENTS, "minutes": 1}, 422, "events"),
        ({"rule": RULE, "minutes": True}, 422, "minutes"),
        ({"rule": RULE, "minutes": 1.5}, 422, "minutes"),
        ({"rule": RULE, "minutes": 0}, 422, "minutes"),
        ({"rule": RULE | {"error_threshold": 0}, "events": EVENTS}, 422, "error_threshold"),
        ({"rule": RULE, "events": [{"level": "x"}]}, 422, "events[0].source"),
        ({"rule_id": "nope", "minutes": 1}, 404, ""),
    ],
)  # fmt: skip
def test_api_names_what_is_wrong_with_a_trial(browser, body, status, field):
    response = post_trial(browser, body)
    assert response.status_code == status
    if status == 422:
        assert response.json()["errors"][0]["field"] == field


def test_list_shows_when_each_rule_last_fired_at_constant_cost(
    browser, workspace, django_assert_max_num_queries
):
    rule = rule_named(workspace)
    at = "2026-11-21T12:00:00Z"
    Finding.objects.bulk_create(
        Finding(workspace_id=workspace.pk, rule=rule, group_key=f"g{n}", window_start=at, window_end=at,
                event_count=1, outcome="dry_run")
        for n in range(30)
    )  # fmt: skip
    with django_assert_max_num_queries(8):
        text = browser.get("/rules").content.decode()
    row = text.split('id="rule-error_burst"')[1].split("</tr>")[0]
    assert ">30<" in row
    with django_assert_max_num_queries(8):
        assert "Recent findings" in browser.get("/rules/error_burst").content.decode()
