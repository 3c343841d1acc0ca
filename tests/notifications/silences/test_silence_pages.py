"""Silences and maintenance windows by page and API: the list, the forms, a change, what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from core.queue.items import claim
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.correlation.services.opening import declare_incident
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery
from notifications.silences.matching import Matcher
from notifications.silences.models import MaintenanceWindow, Silence
from notifications.silences.selectors import shown_silence
from notifications.silences.services.silences import SilenceValues, create_silence, run_silence
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"content_type": "application/json"}


@pytest.fixture
def responder(make_actor):
    return make_actor("responder")


@pytest.fixture
def made(responder):
    ends_at = timezone.now() + timedelta(hours=1)
    return create_silence(
        responder, SilenceValues([Matcher("component", "=", "api")], "Known trouble", ends_at=ends_at)
    )


def test_page_changes_a_silence_and_names_what_is_wrong(responder, made, workspace):
    browser, address = browser_for(responder), f"/settings/silences/{made.pk}"
    shown = browser.get(address).content.decode()
    assert "component = api" in shown
    assert 'value="Known trouble"' in shown
    given = {"matchers": "component = web", "ends": "keep", "reason": "Web only"}
    for wrong in ({"matchers": "title ~ *"}, {"matchers": "nonsense"}, {"reason": ""}):
        refused = browser.post(address, given | wrong)
        assert refused.status_code == 422
        assert b"aria-invalid" in refused.content
    assert browser.post(address, given | {"includes_sev1": "on"}).status_code == 403
    assert browser.post(address, given).status_code == 303
    made.refresh_from_db()
    assert (made.matchers, made.reason) == ([{"field": "component", "op": "=", "value": "web"}], "Web only")
    assert browser.post(address, given | {"ends": "240"}).status_code == 303
    later = made.ends_at
    made.refresh_from_db()
    assert made.ends_at > later + timedelta(hours=2)


def test_patch_changes_only_what_it_names(responder, made):
    browser, address = browser_for(responder), f"/api/v1/silences/{made.pk}"
    changed = browser.patch(address, {"reason": "Known trouble, longer"}, **JSON)
    assert (changed.status_code, changed.json()["reason"]) == (200, "Known trouble, longer")
    assert changed.json()["matchers"] == [{"field": "component", "op": "=", "value": "api"}]
    idle = browser.patch(
        address, {"idle_s": 900, "matchers": [{"field": "type", "op": "!=", "value": "x"}]}, **JSON
    )
    assert idle.status_code == 422
    idle = browser.patch(address, {"idle_s": 900}, **JSON).json()
    assert (idle["idle_s"], idle["reason"]) == (900, "Known trouble, longer")
    assert browser.patch(address, {"idle_s": None}, **JSON).json()["idle_s"] is None
    for wrong in ({"reason": "no"}, {"colour": "red"}, {"ends_at": "2020-01-01T00:00:00Z"}):
        assert browser.patch(address, wrong, **JSON).status_code == 422
    assert browser.patch(address, {"includes_sev1": True}, **JSON).status_code == 403
    made.refresh_from_db()
    assert (made.reason, made.includes_sev1) == ("Known trouble, longer", False)


def test_times_without_a_zone_are_in_utc(responder, made):
    browser, ends_at = browser_for(responder), timezone.now() + timedelta(hours=2)
    given = {"ends_at": ends_at.strftime("%Y-%m-%dT%H:%M:%S")}
    expected = given["ends_at"] + "Z"
    changed = browser.patch(f"/api/v1/silences/{made.pk}", given, **JSON)
    assert (changed.status_code, changed.json()["ends_at"]) == (200, expected)
    created = browser.post(
        "/api/v1/silences",
        {"matchers": [{"field": "component", "value": "web"}], "reason": "Known trouble"}
        | given | {"starts_at": "2020-01-01T00:00:00"},
        **JSON,
    )  # fmt: skip
    assert (created.status_code, created.json()["ends_at"]) == (201, expected)
    refused = browser.patch(f"/api/v1/silences/{made.pk}", {"ends_at": "9999-12-31T23:59:59"}, **JSON)
    assert refused.status_code == 422


def test_list_shows_last_match_and_end_and_flags_what_matches_nothing(responder, made, channel, deliver):
    browser = browser_for(responder)
    assert shown_silence(made).flags
    shown = browser.get("/settings/silences").content.decode()
    assert "Matches no open incident" in shown
    assert "None yet" in shown
    channel("slack")
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    made.refresh_from_db()
    assert made.match_count == 1
    shown = browser.get("/settings/silences").content.decode()
    assert "Matches no open incident" not in shown
    assert f"{made.last_matched_at:%Y-%m-%d %H:}" in shown
    assert f"{made.ends_at:%Y-%m-%d %H:%M}" in shown


def test_owner_gets_one_notice_before_the_end(workspace, responder, made, outside, deliver):
    from core.secrets.encryption import encrypt

    ContactMethod.objects.create(
        workspace=workspace, user_id=responder.user_id, kind="email", address=encrypt("me@example.com"),
        digest="x", hint="me…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    rows = Delivery.objects.of(workspace.pk).filter(event_kind="silence.ends")
    run_due(CLOCKS)
    assert not rows.exists()
    for before in (9, 5):
        soon = made.ends_at - timedelta(minutes=before)
        for item in claim(Silence, 5, 0.0, at=soon):
            run_silence(item.workspace_id, item, now=soon)
    deliver()
    assert rows.count() == 1
    assert [mail["Subject"] for mail in outside.mailbox.messages] == [
        f"Your silence ends at {made.ends_at:%H:%M} UTC: Known trouble"
    ]


def test_page_saves_a_window_and_refuses_one_that_never_occurs(responder):
    User.objects.filter(pk=responder.user_id).update(time_zone="Europe/Berlin")  # which has no such time
    browser, address = browser_for(responder), "/settings/maintenance/new"
    given = {
        "name": "Upgrade", "matchers": "component = api", "local_start": "2027-03-28T02:30", "minutes": "60",
        "zone": "America/New_York", "rule": "FREQ=WEEKLY;BYDAY=SU",
    }  # fmt: skip
    for wrong, words in (
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "Never occurs"),
        ({"rule": "FREQ=SECONDLY"}, "aria-invalid"), ({"zone": "Mars/Olympus"}, "aria-invalid"),
        ({"matchers": "title ~ *"}, "aria-invalid"),
    ):  # fmt: skip
        refused = browser.post(address, given | wrong)
        assert (refused.status_code, words in refused.content.decode()) == (422, True), wrong
    assert browser.post(address, given).status_code == 303
    assert "Upgrade" in browser.get("/settings/maintenance").content.decode()
    assert MaintenanceWindow.objects.of(responder.workspace_id).get().local_start[:16] == "2027-03-28T02:30"


def test_next_occurrences_are_in_utc_for_another_time_zone(responder):
    User.objects.filter(pk=responder.user_id).update(time_zone="Asia/Tokyo")
    browser, day = browser_for(responder), (timezone.now() + timedelta(days=2)).date()
    given = {
        "name": "Upgrade", "matchers": "component = api", "local_start": f"{day}T10:00", "minutes": "90",
        "zone": "UTC", "rule": "",
    }  # fmt: skip
    assert browser.post("/settings/maintenance/new", given).status_code == 303
    assert f"{day} 10:00 – 11:30" in browser.get("/settings/maintenance").content.decode()
