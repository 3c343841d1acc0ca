"""Explain of events: the rules an event matches, and why it misses the others, as in detection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from core.outbox.relay import relay_due
from core.reasons import Reason
from detection.evaluation.matching import Ruleset
from detection.explain.misses import group_of, misses, most_in_window
from detection.explain.report import event_report
from detection.ingest.parsing import ParsedEvent
from detection.models import DetectionRule, Event, Finding
from incidents.correlation.services.opening import declare_incident
from incidents.explain.models import Decision
from incidents.models import Incident
from incidents.privacy.services import set_private
from notifications.silences.matching import Matcher
from notifications.silences.services.silences import SilenceValues, create_silence
from tests.detection.bursts import errors
from tests.web.signed_in import browser_for

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = st.builds(
    SimpleNamespace,
    pk=st.just(1),
    event_types=st.lists(st.sampled_from(["slow", "down"]), max_size=2, unique=True),
    sources=st.lists(st.sampled_from(["api", "web"]), max_size=2, unique=True),
    minimum_level=st.integers(0, 4),
    message_pattern=st.sampled_from(["", "time.?out", "^boom$"]),
    group_by=st.sampled_from(["source", "correlation_id", "workspace"]),
    require_consecutive=st.booleans(),
)
EVENTS = st.builds(
    ParsedEvent,
    key=st.just("0" * 32), keyed=st.just(False), event_id=st.just("e"), occurred_at=st.just(START),
    late=st.just(False), source=st.sampled_from(["api", "web", "db"]),
    event_type=st.sampled_from(["", "slow", "down", "other"]), level=st.integers(0, 4),
    message=st.sampled_from(["boom", "a timeout", "nothing"]), correlation_id=st.sampled_from(["", "c-1"]),
    metadata=st.just({}),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(RULES, EVENTS)
def test_misses_agree_with_detection(rule, event):
    hits = [(group, matches) for _, group, _, matches in Ruleset([rule]).hits(event) if matches]
    missed = misses(rule, event)
    assert bool(hits) == (missed == [])
    if hits:
        assert hits == [(group_of(rule, event), True)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=15), st.integers(1, 15), st.data())
def test_most_in_window_is_that_of_every_window_tried(seconds, width, data):
    seconds = sorted(seconds)
    at = data.draw(st.sampled_from(seconds))
    tried = [sum(end - width < one <= end for one in seconds) for end in seconds if end - width < at <= end]
    times = [START + timedelta(seconds=one) for one in seconds]
    found = most_in_window(times, START + timedelta(seconds=at), timedelta(seconds=width))
    assert found == max(tried)


@pytest.mark.django_db(transaction=True)
def test_event_explains_its_incident_and_every_rule(workspace, send, make_rule, admin):
    DetectionRule.objects.of(workspace.pk).update(enabled=False)
    make_rule()
    make_rule("rare", error_threshold=50)
    make_rule("others", sources=["other"])
    make_rule("off", enabled=False)
    make_rule("trial", dry_run=True)
    send(errors(6))
    event = Event.objects.of(workspace.pk).order_by("pk").first()
    report = event_report(admin, pk=event.pk)
    reasons = {one.rule.rule_id: list(one.reasons) for one in report.verdicts}
    assert report.incident.number == 1
    assert reasons["errors"] == [Reason.RULE_MATCHED]
    assert reasons["rare"] == [Reason.RULE_MATCHED, Reason.BELOW_THRESHOLD]
    assert reasons["others"] == [Reason.RULE_SOURCE]
    assert reasons["off"] == [Reason.RULE_DISABLED]
    assert reasons["trial"] == [Reason.RULE_MATCHED, Reason.RULE_DRY_RUN]
    rare = next(one for one in report.verdicts if one.rule.rule_id == "rare")
    assert "6 of 50 in 300 s" in rare.words
    [opening] = Decision.objects.of(workspace.pk).filter(stage="detection")
    assert (opening.verdict, opening.reason, opening.incident_id) == (
        "opened", "new_signal", report.incident.pk,
    )  # fmt: skip
    assert Finding.objects.of(workspace.pk).filter(outcome="opened").count() == 1
    page = browser_for(admin).get(f"/explain/events/{event.pk}").content.decode()
    assert "the rule requires another source" in page


@pytest.mark.django_db(transaction=True)
def test_silence_does_not_prevent_an_incident(workspace, send, make_rule, admin):
    DetectionRule.objects.of(workspace.pk).update(enabled=False)
    make_rule()
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    create_silence(
        admin, SilenceValues([Matcher("component", "=", "shop")], "Known trouble", ends_at=ends_at)
    )
    send(errors(6))
    relay_due()
    [incident] = Incident.objects.of(workspace.pk)
    decided = (
        Decision.objects.of(workspace.pk).filter(incident_id=incident.pk).values_list("verdict", "reason")
    )
    assert ("opened", "new_signal") in decided


@pytest.mark.django_db(transaction=True)
def test_event_is_found_by_the_id_of_its_sender_and_a_late_one_is_marked(workspace, send, make_rule, admin):
    DetectionRule.objects.of(workspace.pk).update(enabled=False)
    make_rule(error_threshold=1)
    send([errors(1, ago=7200)[0] | {"event_id": "order/7 late"}])
    report = event_report(admin, event_id="order/7 late")
    assert report.incident is None
    assert report.verdicts[0].reasons == [Reason.RULE_MATCHED, Reason.EVENT_LATE]
    with pytest.raises(NotFound):
        event_report(admin, event_id="never received")
    with pytest.raises(Invalid):
        event_report(admin)


@pytest.mark.django_db(transaction=True)
def test_joining_signal_has_its_reason(workspace, send, make_rule, admin):
    DetectionRule.objects.of(workspace.pk).update(enabled=False)
    make_rule("wide", minimum_level=3, error_threshold=5)
    make_rule("narrow", minimum_level=3, error_threshold=5, event_types=["slow"])
    send(errors(6, event_type="slow"))
    reasons = Decision.objects.of(workspace.pk).filter(stage="detection").values_list("verdict", "reason")
    assert sorted(reasons) == [("joined", "shared_events"), ("opened", "new_signal")]


@pytest.mark.django_db(transaction=True)
def test_private_incident_of_an_event_is_not_named_to_others(workspace, send, make_rule, admin, make_actor):
    make_rule(error_threshold=1)
    send(errors(3))
    set_private(admin, number=1, is_private=True)
    event = Event.objects.of(workspace.pk).order_by("pk").first()
    assert event_report(admin, pk=event.pk).incident.number == 1
    assert event_report(make_actor("manager"), pk=event.pk).incident is None


@pytest.mark.django_db(transaction=True)
def test_event_of_another_workspace_is_not_found(workspace, send, make_rule, make_actor, other_workspace):
    send(errors(1))
    event = Event.objects.of(workspace.pk).order_by("pk").first()
    with pytest.raises(NotFound):
        event_report(make_actor("admin", inside=other_workspace), pk=event.pk)
    assert Incident.objects.of(workspace.pk).count() == 0
    assert declare_incident(make_actor("admin"), title="x").number == 1
