"""Silences, windows and inhibition: what is muted, permissions, and one message at the end."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import Conflict, Forbidden, Invalid
from core.queue.items import claim
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.components.models import AffectedComponent, Component
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.vocabulary import Impact
from notifications.deliveries.models import Delivery
from notifications.routes.preview import preview
from notifications.silences.matching import Matcher, matcher_faults, matches, parse_matchers
from notifications.silences.models import MaintenanceWindow, Release, Silence, WindowOccurrence
from notifications.silences.services import releasing
from notifications.silences.services.releasing import run_release
from notifications.silences.services.silences import (
    SilenceValues,
    create_silence,
    end_silence,
    run_silence,
    update_silence,
)
from notifications.silences.services.windows import (
    WindowValues,
    delete_window,
    end_occurrence,
    refill_window,
    save_window,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SNAPSHOT = {
    "number": 7, "severity": "sev2", "type": "error_burst", "title": "Timeout in search",
    "components": ["api", "web"], "labels": {"team": "search"},
}  # fmt: skip


def silence(actor, *, minutes=60, **more):
    ends_at = timezone.now() + timedelta(minutes=minutes)
    values = {
        "matchers": [Matcher("component", "=", "api")],
        "reason": "Known trouble",
        "ends_at": ends_at,
    }
    return create_silence(actor, SilenceValues(**values | more))


def outcomes(workspace):
    return sorted(Delivery.objects.of(workspace.pk).values_list("event_kind", "outcome"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("component = api", True), ("component != api", False), ("component ~ w*", True),
        ("title ~ *timeout*", True),
        ("title ~ timeout", False), ("label.team = search", True), ("label.team = web", False),
        ("label.none = x", False), ("label.none != x", True), ("incident = INC-7", True),
        ("incident = 8", False),
        ("severity = sev2\ntype = error_burst", True), ("severity = sev2\ntype = other", False),
    ],
)  # fmt: skip
def test_matchers_compare_as_they_read(line, expected):
    assert matches(parse_matchers(line), SNAPSHOT) is expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "length"), ("title ~ *", "wide"), ("severity != sev1", "wide"), ("severity = sev9", "choice"),
        ("severity = sev1", "never"), ("type = other\ntype = error_burst", "never"),
        ("colour = red", "choice"),
        ("incident = none", "value"),
    ],
)  # fmt: skip
def test_silence_over_everything_or_nothing_is_refused(text, rule):
    assert [fault.rule for fault in matcher_faults(parse_matchers(text), includes_sev1=False)] == [rule]


def test_silence_mutes_and_its_end_sends_once(workspace, channel, deliver, outside, make_actor):
    channel("webhook")
    channel("slack")
    responder = make_actor("responder")
    made = silence(responder)
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    assert outcomes(workspace) == [("incident.opened", "muted")]
    assert not outside.slack.received

    first = end_silence(responder, made.pk)
    end_silence(responder, made.pk)
    deliver()
    run_due(CLOCKS)
    deliver()
    assert first.end_reason == "ended manually"
    assert outcomes(workspace) == [("incident.opened", "muted"), ("incident.opened", "sent")]
    [sent] = outside.slack.received
    assert "Still unresolved" in sent.body.decode()


def test_narrowed_silence_sends_what_it_no_longer_covers_once(
    workspace, channel, deliver, outside, make_actor
):
    channel("slack")
    responder = make_actor("responder")
    made = silence(responder, matchers=[Matcher("type", "=", "other")])
    for name in ("api", "web"):
        declare_incident(responder, title=f"{name} is down", severity="sev2", components=[name])
    deliver()
    narrow = [Matcher("component", "=", "api")]
    changed = update_silence(responder, made.pk, matchers=narrow, reason="Only the API")
    update_silence(responder, made.pk, matchers=narrow)
    deliver()
    assert (changed.reason, changed.ended_at, changed.ends_at) == ("Only the API", None, made.ends_at)
    [sent] = outside.slack.received
    assert "web is down" in sent.body.decode()
    assert outcomes(workspace) == [("incident.opened", "muted")] * 2 + [("incident.opened", "sent")]
    end_silence(responder, made.pk)
    deliver()
    assert len(outside.slack.received) == 2


def test_change_of_a_silence_is_refused_as_its_creation_is(workspace, make_actor):
    responder, manager = make_actor("responder"), make_actor("manager")
    made = silence(responder)
    with pytest.raises(Invalid) as refused:
        update_silence(responder, made.pk, ends_at=timezone.now() + timedelta(days=40), reason="no")
    assert {fault.field for fault in refused.value.faults} == {"ends_at", "reason"}
    with pytest.raises(Forbidden):
        update_silence(responder, made.pk, includes_sev1=True)
    update_silence(manager, made.pk, includes_sev1=True)
    with pytest.raises(Forbidden):
        update_silence(responder, made.pk, reason="Still known")
    with pytest.raises(Forbidden):
        update_silence(make_actor("viewer"), made.pk, reason="Still known")
    end_silence(manager, made.pk)
    with pytest.raises(Conflict):
        update_silence(manager, made.pk, reason="Still known")


def test_silences_that_cover_the_same_end_together(workspace, channel, deliver, outside, make_actor):
    channel("slack")
    responder = make_actor("responder")
    made = [silence(responder) for _ in range(4)]
    for name in ("first", "second", "third"):
        declare_incident(responder, title=name, severity="sev2", components=["api"])
    deliver()
    ended = at_once(4, lambda index: end_silence(responder, made[index].pk))
    assert [one.end_reason for one in ended] == ["ended manually"] * 4
    deliver()
    assert len(outside.slack.received) == 3


def _waiting_for_advisory_lock():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        return cursor.fetchone()[0]


def test_end_waits_for_another_end_before_it_locks_its_silence(workspace, make_actor):
    responder = make_actor("responder")
    first, second = silence(responder), silence(responder)

    def end_other():
        end_silence(responder, second.pk)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            end_silence(responder, first.pk)
            other = pool.submit(end_other)
            until = time.monotonic() + 30
            while not _waiting_for_advisory_lock() and not other.done():
                assert time.monotonic() < until
            # What this end may have to lock, the one that waits does not hold.
            rows = Silence.objects.of(workspace.pk).select_for_update(no_key=True, nowait=True)
            assert rows.get(pk=second.pk).ended_at is None
        other.result(timeout=30)
    second.refresh_from_db()
    assert second.end_reason == "ended manually"


def test_end_interrupted_by_a_crash_sends_once(workspace, channel, deliver, outside, make_actor, monkeypatch):
    channel("slack")
    responder = make_actor("responder")
    made = silence(responder, minutes=1)
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    later = made.ends_at + timedelta(seconds=1)
    [item] = claim(Silence, 5, 0.0, at=later)

    class Killed(BaseException):
        pass

    def stored_then_killed(rows):
        real(rows)
        raise Killed

    real = releasing.store
    monkeypatch.setattr(releasing, "store", stored_then_killed)
    with pytest.raises(Killed), transaction.atomic():
        run_silence(item.workspace_id, item, now=later)
    monkeypatch.undo()
    assert outcomes(workspace) == [("incident.opened", "muted")]

    run_silence(item.workspace_id, item, now=later)  # the worker that took over
    run_silence(item.workspace_id, item, now=later)  # and the first one, late
    deliver()
    assert outcomes(workspace) == [("incident.opened", "muted"), ("incident.opened", "sent")]
    assert len(outside.slack.received) == 1


def test_end_of_a_large_silence_is_sent_in_parts_each_incident_once(
    workspace, channel, deliver, outside, make_actor, monkeypatch
):
    channel("slack")
    responder = make_actor("responder")
    made = silence(responder)
    for number in range(5):
        declare_incident(responder, title=f"{number} is down", severity="sev2", components=["api"])
    deliver()
    monkeypatch.setattr(releasing, "MAX_INCIDENTS", 2)
    end_silence(responder, made.pk)
    assert outcomes(workspace).count(("incident.opened", "pending")) == 2
    [first] = claim(Release, 5, 0.0)
    [again] = claim(Release, 5, 0.0)  # by another worker, after the lease of the first
    run_release(workspace.pk, again, now=timezone.now())
    run_release(workspace.pk, first, now=timezone.now())
    assert outcomes(workspace).count(("incident.opened", "pending")) == 4
    run_due(CLOCKS)
    run_due(CLOCKS)
    deliver()
    assert len(outside.slack.received) == 5
    assert Release.objects.of(workspace.pk).get().state == "done"
    assert not Delivery.objects.of(workspace.pk).filter(outcome="muted", unmuted_at=None).exists()


def test_silence_that_ends_after_the_incident_sends_nothing(workspace, channel, deliver, outside, make_actor):
    channel("slack")
    responder = make_actor("responder")
    made = silence(responder)
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    resolve_incident(responder, number=1)
    deliver()
    end_silence(responder, made.pk)
    deliver()
    assert {outcome for _, outcome in outcomes(workspace)} == {"muted"}
    assert not outside.slack.received


def test_resolution_is_sent_to_the_recipients_of_the_opening(
    workspace, channel, deliver, outside, make_actor
):
    channel("slack")
    responder = make_actor("responder")
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    silence(responder)
    resolve_incident(responder, number=1)
    deliver()
    assert ("incident.resolved", "sent") in outcomes(workspace) or (
        ("incident.resolved", "held") in outcomes(workspace)
    )


def test_sev1_passes_unless_a_manager_includes_it(workspace, channel, deliver, make_actor):
    channel("slack")
    responder, manager = make_actor("responder"), make_actor("manager")
    silence(responder)
    with pytest.raises(Forbidden):
        silence(responder, includes_sev1=True)
    declare_incident(responder, title="All is down", severity="sev1", components=["api"])
    deliver()
    assert outcomes(workspace) == [("incident.opened", "sent")]
    strict = silence(manager, includes_sev1=True)
    declare_incident(responder, title="All is down again", severity="sev1", components=["api"])
    deliver()
    assert ("incident.opened", "muted") in outcomes(workspace)
    with pytest.raises(Forbidden):
        end_silence(responder, strict.pk)


def test_until_resolved_and_idle_silences_end_by_themselves(workspace, make_actor):
    responder = make_actor("responder")
    declare_incident(responder, title="Search is down", severity="sev3", components=["api"])
    until = silence(responder, ends_at=None, until_resolved=True)
    idle = silence(responder, ends_at=None, idle_s=600)
    run_due(CLOCKS)
    assert Silence.objects.of(workspace.pk).filter(ended_at=None).count() == 2
    resolve_incident(responder, number=1)
    soon = timezone.now() + timedelta(minutes=2)
    for item in claim(Silence, 5, 0.0, at=soon):
        run_silence(item.workspace_id, item, now=soon)
    until.refresh_from_db()
    assert until.end_reason == "every matching incident is resolved"
    [item] = claim(Silence, 5, 30.0, at=timezone.now() + timedelta(minutes=20))
    run_silence(item.workspace_id, item, now=timezone.now() + timedelta(minutes=20))
    idle.refresh_from_db()
    assert idle.end_reason == "nothing matched for 10 minutes"


def test_window_mutes_while_it_runs_and_never_occurring_ones_are_refused(
    workspace, channel, deliver, make_actor
):
    channel("slack")
    responder = make_actor("responder")
    begins = (datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
    values = WindowValues("Upgrade", [Matcher("component", "=", "api")], begins, 3600, "UTC", "FREQ=DAILY")
    made = save_window(responder, values)
    assert WindowOccurrence.objects.of(workspace.pk).count() in {60, 61}
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    deliver()
    assert outcomes(workspace) == [("incident.opened", "muted")]
    delete_window(responder, made.pk)
    run_due(CLOCKS)
    deliver()
    assert outcomes(workspace) == [("incident.opened", "muted"), ("incident.opened", "sent")]
    assert not WindowOccurrence.objects.of(workspace.pk).filter(ended_at=None).exists()
    never = WindowValues("Never", values.matchers, begins, 3600, "UTC", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    with pytest.raises(Invalid) as refused:
        save_window(responder, never)
    assert "never occurs" in refused.value.faults[0].message


def test_nightly_window_that_began_years_ago_goes_on(workspace, make_actor):
    begins = (datetime.now(UTC) - timedelta(days=2000)).replace(tzinfo=None, microsecond=0)
    values = WindowValues("Nightly", [Matcher("component", "=", "api")], begins, 3600, "UTC", "FREQ=DAILY")
    save_window(make_actor("responder"), values)
    rows = WindowOccurrence.objects.of(workspace.pk)
    assert rows.count() in {60, 61}
    assert rows.latest("starts_at").starts_at > timezone.now() + timedelta(days=58)


def test_window_ends_at_its_time_sends_once_and_is_refilled_daily(
    workspace, channel, deliver, outside, make_actor
):
    channel("slack")
    responder = make_actor("responder")
    begins = (datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
    values = WindowValues("Upgrade", [Matcher("component", "=", "api")], begins, 3600, "UTC", "FREQ=DAILY")
    made = save_window(responder, values)
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    declare_incident(responder, title="Web is down", severity="sev2", components=["web"])
    deliver()
    assert [one.body.decode().count("Web is down") > 0 for one in outside.slack.received] == [True]
    running = WindowOccurrence.objects.of(workspace.pk).earliest("starts_at")
    later = running.ends_at + timedelta(seconds=1)
    for _ in range(2):  # a second worker that comes late
        end_occurrence(workspace.pk, running, now=later)
    deliver()
    assert "Still unresolved" in outside.slack.received[1].body.decode()
    assert len(outside.slack.received) == 2

    rows = WindowOccurrence.objects.of(workspace.pk)
    last = rows.latest("starts_at").starts_at
    next_day = timezone.now() + timedelta(days=1, minutes=1)
    for _ in range(2):
        for item in claim(MaintenanceWindow, 5, 0.0, at=next_day):
            refill_window(item.workspace_id, item, now=next_day)
    assert rows.latest("starts_at").starts_at == last + timedelta(days=1)
    made.refresh_from_db()
    assert made.due_at == next_day + timedelta(days=1)


def test_outage_of_a_dependency_inhibits_milder_incidents(workspace, channel, deliver, make_actor):
    channel("slack")
    system = system_actor(workspace.pk)
    declare_incident(system, title="Database is down", severity="sev2", components=["db"])
    AffectedComponent.objects.of(workspace.pk).update(impact=Impact.TOTAL_OUTAGE)
    api = Component.objects.create(workspace_id=workspace.pk, name="api")
    api.depends_on.add(Component.objects.of(workspace.pk).get(name="db"))
    declare_incident(system, title="Errors", severity="sev3", components=["api"])
    declare_incident(system, title="Worse", severity="sev1", components=["api"])
    deliver()
    shown = Delivery.objects.of(workspace.pk).values_list("incident_number", "outcome")
    assert dict(shown) == {1: "sent", 2: "muted", 3: "sent"}
    resolve_incident(system, number=1)
    deliver()
    run_due(CLOCKS)
    assert not Delivery.objects.of(workspace.pk).filter(event_key__startswith="unmuted:").exists()
    for _ in range(2):
        run_due(CLOCKS, at=timezone.now() + timedelta(minutes=3))
    assert Delivery.objects.of(workspace.pk).filter(event_key__startswith="unmuted:").count() == 1


def test_severity_that_gets_worse_passes_the_silence(workspace, channel, deliver, make_actor):
    channel("slack")
    responder = make_actor("responder")
    silence(responder)
    declare_incident(responder, title="Search is down", severity="sev2", components=["api"])
    change_severity(responder, number=1, severity="sev1")
    deliver()
    assert ("incident.severity_changed", "muted") not in outcomes(workspace)


def test_preview_names_what_would_mute_it(workspace, channel, make_actor):
    channel("slack")
    silence(make_actor("responder"))
    admin = make_actor("admin")
    [line] = preview(admin, severity="sev2", components=["api"])
    assert line.caution == "Muted by the silence “Known trouble”"
    [line] = preview(admin, severity="sev2", components=["web"])
    assert line.caution == ""
