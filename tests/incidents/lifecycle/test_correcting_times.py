"""Times corrected after the fact: order, reason, audit, and everything derived from them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from core.errors import Conflict, Invalid
from incidents.analytics.selectors import analytics_for
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.correcting import correct_times
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.listing.filters import IncidentFilter
from incidents.models import AffectedComponent, Incident, TimelineEntry
from incidents.overview.selectors import last_day
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
WHY = "The pager was muted by hand."


@pytest.fixture
def resolved(actor):
    """INC-1: detected two hours ago, acknowledged, resolved now."""
    at = timezone.now() - timedelta(hours=2)
    declare_incident(actor, title="Checkout returns 502", detected_at=at)
    acknowledge_incident(actor, number=1)
    return resolve_incident(actor, number=1, message="Done.")


def stored(actor):
    return Incident.objects.of(actor.workspace_id).get(number=1)


def test_corrected_times_are_in_figures_deadlines_timeline_and_audit(actor, resolved):
    start, due = stored(actor).detected_at, stored(actor).acknowledge_due_at
    earlier = start - timedelta(minutes=30)
    correct_times(
        actor, number=1, reason=WHY, started_at=earlier, detected_at=start - timedelta(minutes=10),
        mitigated_at=start + timedelta(minutes=20), resolved_at=start + timedelta(minutes=50),
    )  # fmt: skip
    found = {one.name: one.median for one in analytics_for(actor, IncidentFilter()).figures}
    assert found["mttd"] == timedelta(minutes=20)
    assert found["mttm"] == timedelta(minutes=30)
    assert found["mttr"] == timedelta(minutes=60)
    one = stored(actor)
    assert one.acknowledge_due_at == due - timedelta(minutes=10)
    entry = TimelineEntry.objects.of(actor.workspace_id).filter(message__startswith="Times corrected").get()
    assert WHY in entry.message
    assert "Mitigated: none →" in entry.message
    assert AuditEntry.objects.of(actor.workspace_id).filter(action="incident.times").count() == 1


def test_same_times_change_nothing(actor, resolved):
    version = stored(actor).version
    correct_times(actor, number=1, reason=WHY, detected_at=stored(actor).detected_at)
    assert stored(actor).version == version


@pytest.mark.parametrize(
    ("name", "hours", "rule"),
    [
        ("detected_at", -3, "order"), ("started_at", 1, "order"), ("acknowledged_at", -3, "order"),
        ("mitigated_at", -3, "order"), ("resolved_at", -3, "order"), ("resolved_at", 30, "past"),
        ("started_at", -24 * 365 * 11, "range"),
    ],
    ids=["detected", "started", "acknowledged", "mitigated", "resolved", "future", "ten years"],
)  # fmt: skip
def test_times_out_of_order_are_refused_and_nothing_is_changed(actor, resolved, name, hours, rule):
    before = stored(actor)
    with pytest.raises(Invalid) as caught:
        correct_times(actor, number=1, reason=WHY, **{name: before.detected_at + timedelta(hours=hours)})
    assert {fault.rule for fault in caught.value.faults} == {rule}
    assert stored(actor).version == before.version


def test_missing_reason_missing_time_and_stale_version_are_refused(actor):
    declare_incident(actor, title="Still open")
    at = timezone.now() - timedelta(minutes=1)
    with pytest.raises(Invalid, match="reason"):
        correct_times(actor, number=1, reason="Short", started_at=at)
    with pytest.raises(Invalid, match="resolved_at"):
        correct_times(actor, number=1, reason=WHY, resolved_at=at)
    with pytest.raises(Conflict):
        correct_times(actor, number=1, reason=WHY, started_at=at, version=99)


def test_page_changes_only_what_was_typed(actor, resolved):
    browser = browser_for(actor)
    page = browser.get("/incidents/INC-1/times")
    assert page.status_code == 200
    one = stored(actor)
    form = {name: f"{getattr(one, name):%Y-%m-%dT%H:%M:%S}" for name in ("started_at", "detected_at")}
    form |= {"acknowledged_at": f"{one.acknowledged_at:%Y-%m-%dT%H:%M:%S}"}
    form |= {
        "mitigated_at": "",
        "resolved_at": f"{one.detected_at + timedelta(minutes=30):%Y-%m-%dT%H:%M:%S}",
    }
    refused = browser.post("/incidents/INC-1/times", {**form, "reason": "no", "version": one.version})
    assert refused.status_code == 422
    early = {**form, "acknowledged_at": f"{one.detected_at + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}"}
    response = browser.post("/incidents/INC-1/times", {**early, "reason": WHY, "version": one.version})
    assert response.status_code == 303
    after = stored(actor)
    assert after.detected_at == one.detected_at
    assert (after.resolved_at - after.detected_at) < timedelta(minutes=31)


def test_corrected_resolution_stays_that_of_its_actor_and_reopens_its_components(actor):
    declare_incident(actor, title="Checkout returns 502", components=["checkout"])
    ended = resolve_incident(actor, number=1)
    earlier = ended.resolved_at - timedelta(minutes=5)
    correct_times(actor, number=1, reason=WHY, detected_at=earlier, started_at=earlier, resolved_at=earlier)
    assert last_day(actor).resolved_by_people == 1
    affected = AffectedComponent.objects.of(actor.workspace_id)
    assert affected.get().restored_at == earlier
    reopen_incident(actor, number=1)
    assert affected.get().restored_at is None
