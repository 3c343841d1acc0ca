"""Explain names what inhibited, grouped, throttled, limited or dropped a notice, also afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from core.secrets.encryption import encrypt
from incidents.components.models import AffectedComponent, Component
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.vocabulary import Impact
from notifications.channels.kinds.pagerduty import PagerDutyChannel
from notifications.contacts.models import ContactMethod, QuietHours
from notifications.escalation.pages import Page, plan_pages
from notifications.explain.report import incident_report
from notifications.silences.matching import Matcher
from notifications.silences.services.windows import WindowValues, delete_window, save_window
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db(transaction=True)


def decisions(actor, number):
    """(verdict, reason) of each line about notifying."""
    lines = incident_report(actor, number).notifying
    return [(one.decision.verdict, one.decision.reason) for one in lines if one.decision.subject]


def page_of(actor, number):
    return browser_for(actor).get(f"/incidents/INC-{number}/explain").content.decode()


@pytest.fixture
def reachable(workspace, actor, outside):
    """The actor, with a verified address."""
    ContactMethod.objects.create(
        workspace=workspace, user_id=actor.user_id, kind="email", address=encrypt("on.call@example.com"),
        digest="x", hint="on…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    return actor


def test_inhibition_is_explained_with_the_incident_above(workspace, channel, deliver, admin):
    channel("slack")
    system = system_actor(workspace.pk)
    declare_incident(system, title="Database is down", severity="sev2", components=["db"])
    AffectedComponent.objects.of(workspace.pk).update(impact=Impact.TOTAL_OUTAGE)
    api = Component.objects.create(workspace_id=workspace.pk, name="api")
    api.depends_on.add(Component.objects.of(workspace.pk).get(name="db"))
    declare_incident(system, title="Errors", severity="sev3", components=["api"])
    deliver()
    assert ("muted", "inhibited") in decisions(admin, 2)
    resolve_incident(system, number=1)
    assert "muted while INC-1 is open on a component it depends on" in page_of(admin, 2)


def test_grouped_notice_is_explained(workspace, channel, deliver, admin):
    channel("slack")
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    resolve_incident(admin, number=1)
    deliver()
    assert ("held", "grouped") in decisions(admin, 1)
    assert "other notices of the incident may be merged with it" in page_of(admin, 1)


def test_throttled_notice_is_explained(workspace, channel, deliver, admin):
    channel("slack")
    for number in range(11):
        declare_incident(admin, title=f"Slow {number}", severity="sev3", components=[f"api-{number}"])
    deliver()
    throttled = [number for number in range(1, 12) if ("held", "throttled") in decisions(admin, number)]
    assert len(throttled) == 1
    assert "held for a digest" in page_of(admin, throttled[0])


def test_limit_of_the_receiver_is_explained(workspace, channel, deliver, admin, monkeypatch):
    monkeypatch.setattr(PagerDutyChannel, "max_per_minute", 1)
    channel("pagerduty")
    for title in ("Search is down", "Checkout is down"):
        declare_incident(admin, title=title, severity="sev1", components=[title])
    deliver()
    limited = [number for number in (1, 2) if ("held", "rate_limited") in decisions(admin, number)]
    assert len(limited) == 1
    assert "takes 1 calls a minute" in page_of(admin, limited[0])


def test_repeated_page_is_explained(workspace, deliver, admin, reachable):
    incident = declare_incident(admin, title="Search is down", severity="sev1", components=["api"])
    for position in range(2):
        key = f"esc:{incident.pk}:1:0:{position}"
        plan_pages(workspace.pk, [Page(key, incident.pk, "on call", user_id=reachable.user_id)])
    deliver()
    assert ("ended", "repeated") in decisions(admin, 1)
    assert "the same message was sent to the person in the same way within a minute" in page_of(admin, 1)


def test_window_is_explained_after_it_is_gone(workspace, channel, deliver, admin):
    channel("slack")
    begins = (datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
    made = save_window(
        admin, WindowValues("Upgrade", [Matcher("component", "=", "api")], begins, 3600, "UTC", "")
    )
    declare_incident(admin, title="Search is down", severity="sev2", components=["api"])
    deliver()
    resolve_incident(admin, number=1)
    delete_window(admin, made.pk)
    assert ("muted", "maintenance") in decisions(admin, 1)
    assert "muted by the maintenance window “Upgrade” until" in page_of(admin, 1)


def test_quiet_hours_are_explained_after_they_are_gone(workspace, deliver, admin, reachable):
    QuietHours.objects.create(
        workspace=workspace, user_id=reachable.user_id, quiet_from=time(0), quiet_until=time(23, 59, 59)
    )
    incident = declare_incident(admin, title="Search is slow", severity="sev3", components=["api"])
    key = f"esc:{incident.pk}:1:0:0"
    plan_pages(workspace.pk, [Page(key, incident.pk, "on call", user_id=reachable.user_id, is_notice=True)])
    resolve_incident(admin, number=1)
    QuietHours.objects.of(workspace.pk).delete()
    assert ("held", "quiet_hours") in decisions(admin, 1)
    assert "the person has quiet hours" in page_of(admin, 1)
