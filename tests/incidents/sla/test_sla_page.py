"""The SLA targets as admins set them."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import SlaPolicy
from incidents.sla.deadlines import PRESETS, RESPONSE_TIMES, STANDARD, policy_mark
from incidents.sla.services.clocks import policy_of, seed_policies
from incidents.sla.services.policies import change_policies
from incidents.sla.views import _typed
from incidents.vocabulary import Severity
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
URL = "/settings/sla"


@pytest.fixture
def browser(admin, workspace):
    seed_policies(workspace.pk)
    return browser_for(admin)


def form(policy=STANDARD, **changes):
    return {**_typed(policy), "based_on": "", **changes}


def test_clocks_are_saved_with_one_audit_row(browser, workspace):
    for _ in range(2):
        assert browser.post(URL, form(RESPONSE_TIMES)).status_code == 303
    assert policy_of(workspace.pk) == dict(RESPONSE_TIMES)
    assert SlaPolicy.objects.of(workspace.pk).count() == 4
    entry = AuditEntry.objects.of(workspace.pk).get(action="sla.update")
    assert entry.changes["sev2"] == ["30 / 60 / 480", "60 / 120 / 480"]


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_is_shown_and_not_saved(browser, workspace, preset):
    text = browser.get(f"{URL}?preset={preset}").content.decode()
    assert (
        f'name="sev3.acknowledge_within" value="{PRESETS[preset][Severity.SEV3].acknowledge_within}"' in text
    )
    assert "Nothing is saved yet" in text
    assert policy_of(workspace.pk) == dict(STANDARD)


def test_unknown_preset_shows_what_is_set(browser):
    assert "Nothing is saved yet" not in browser.get(f"{URL}?preset=nope").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sev1.acknowledge_within", "", "Is required."),
        ("sev1.acknowledge_within", "0", "1 to 525600"),
        ("sev2.update_every", "-5", "whole number"),
        ("sev2.resolve_within", "1.5", "whole number"),
        ("sev3.resolve_within", "525601", "1 to 525600"),
        ("sev3.resolve_within", "9" * 12, "whole number"),
        ("sev4.resolve_within", "10", "shorter than the time to acknowledge"),
        ("sev4.update_every", "٣", "whole number"),
    ],
)
def test_bad_number_is_refused_beside_its_field_with_the_others_preserved(
    browser, workspace, field, value, message
):
    response = browser.post(URL, form(**{"sev2.acknowledge_within": "31", field: value}))
    text = response.content.decode()
    assert response.status_code == 422
    assert message in text
    assert 'value="31"' in text
    assert policy_of(workspace.pk) == dict(STANDARD)


def test_empty_target_is_no_target(browser, workspace):
    browser.post(URL, form(**{"sev1.update_every": "", "sev1.resolve_within": " "}))
    clocks = policy_of(workspace.pk)[Severity.SEV1]
    assert (clocks.update_every, clocks.resolve_within) == (None, None)


def test_stale_form_is_refused_and_goes_through_when_sent_again(browser, admin, workspace):
    stale = form(**{"sev1.acknowledge_within": "7", "based_on": policy_mark(STANDARD)})
    change_policies(admin, policies=RESPONSE_TIMES)
    response = browser.post(URL, stale)
    assert response.status_code == 409
    assert f'value="{policy_mark(RESPONSE_TIMES)}"' in response.content.decode()
    assert 'value="7"' in response.content.decode()
    assert browser.post(URL, stale | {"based_on": policy_mark(RESPONSE_TIMES)}).status_code == 303


def test_open_incidents_have_the_old_clocks_until_their_severity_changes(browser, admin, workspace):
    incident = declare_incident(admin, title="Down", severity="sev2")
    due = incident.acknowledge_due_at
    browser.post(URL, form(RESPONSE_TIMES))
    incident.refresh_from_db()
    assert incident.acknowledge_due_at == due
    fresh = change_severity(admin, number=incident.number, severity="sev3")
    assert (fresh.acknowledge_due_at - fresh.detected_at).total_seconds() == 4 * 3600
