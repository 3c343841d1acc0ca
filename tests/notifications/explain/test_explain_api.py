"""The API and the commands of Explain return the reports."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from core.reasons import Reason
from incidents.correlation.services.opening import declare_incident
from notifications.explain.report import incident_report, person_report
from notifications.silences.matching import Matcher
from notifications.silences.services.silences import SilenceValues, create_silence
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin_with_history(workspace, channel, deliver, admin):
    """INC-1 was sent to Slack and not to PagerDuty; INC-2 was silenced."""
    channel("slack")
    channel("pagerduty")
    declare_incident(admin, title="Web is slow", severity="sev3", components=["web"])
    until = timezone.now() + timedelta(hours=1)
    create_silence(admin, SilenceValues([Matcher("component", "=", "api")], "Known trouble", ends_at=until))
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    return admin


def lines(found):
    return [(one["subject"], one["verdict"], one["reason"], one["outcome"]) for one in found]


def as_lines(report_lines):
    return [
        (one.decision.subject, one.decision.verdict, one.decision.reason,
         one.delivery.outcome if one.delivery else "")
        for one in report_lines
    ]  # fmt: skip


def test_incident_and_person_are_explained_as_in_the_reports(admin_with_history):
    browser = browser_for(admin_with_history)
    for number in (1, 2):
        found = browser.get(f"/api/v1/incidents/INC-{number}/explain").json()
        report = incident_report(admin_with_history, number)
        assert lines(found["notifying"]) == as_lines(report.notifying)
        assert [one["reason"] for one in found["opening"]] == ["declared"]
    assert ("slack", "muted", "silenced", "muted") in lines(found["notifying"])
    first = browser.get("/api/v1/incidents/1/explain").json()["notifying"]
    [sent] = [one for one in first if one["outcome"] == "sent"]
    assert [(one["number"], one["result"], one["status"]) for one in sent["attempts"]] == [(1, "sent", 200)]
    assert ("pagerduty", "skipped", "no_route_fits", "") in lines(first)

    mine = browser.get("/api/v1/explain/people/me?days=1").json()
    report = person_report(admin_with_history, "me", days=1, now=timezone.now())
    assert lines(mine["decisions"]) == as_lines(report.lines)
    assert {(one["number"], one["reason"]) for one in mine["not_notified"]} == {
        (one.incident.number, one.reason) for one in report.absences
    }
    assert mine["not_notified"]


def test_simulation_and_reasons_are_given_by_the_api(admin_with_history):
    browser = browser_for(admin_with_history)
    muted = browser.get("/api/v1/explain/simulation?severity=sev2&component=api").json()
    assert "Known trouble" in muted["muted"]
    assert {one["is_notified"] for one in muted["channels"]} == {False}
    other = browser.get("/api/v1/explain/simulation?severity=sev2&component=web").json()
    assert {one["name"]: one["is_notified"] for one in other["channels"]} == {
        "slack": True, "pagerduty": False,
    }  # fmt: skip
    at = f"{timezone.now() + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"  # without a zone: in UTC
    assert browser.get(f"/api/v1/explain/simulation?severity=sev2&component=api&at={at}").json() == muted
    assert browser.get("/api/v1/explain/simulation?severity=sev9").status_code == 422
    assert browser.get("/api/v1/explain/reasons").json() == [
        {"reason": one.value, "text": str(one.label)} for one in Reason
    ]


@pytest.fixture
def command(live_server, admin_with_history, tmp_path, monkeypatch, capsys):
    """`command("incident", "INC-1")` -> the JSON that `tocsin explain` prints."""
    from accounts.models import Scope
    from accounts.tokens.services import issue_token
    from tocsin.cli.main import run

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("TOCSIN_URL", live_server.url)
    issued = issue_token(admin_with_history, name="Tests", scopes=[scope.value for scope in Scope])
    monkeypatch.setenv("TOCSIN_TOKEN", issued.text)

    def printed(*arguments):
        capsys.readouterr()
        code = run(("explain", *arguments, "--format", "json"))
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return printed


def test_commands_print_the_api_response(admin_with_history, command):
    api = browser_for(admin_with_history)
    assert command("incident", "INC-2") == api.get("/api/v1/incidents/INC-2/explain").json()
    mine = command("person", "adam.admin", "--days", "1")
    assert mine["not_notified"] == api.get("/api/v1/explain/people/me?days=1").json()["not_notified"]
    simulated = command("simulate", "--severity", "sev2", "--component", "web")["channels"]
    assert {one["name"]: one["is_notified"] for one in simulated} == {"slack": True, "pagerduty": False}
    assert {one["reason"] for one in command("reasons")} == {one.value for one in Reason}
