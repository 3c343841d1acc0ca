"""The figures of the landing page and of the catalogue, compared with loops over the same rows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor, system_actor
from accounts.models import Workspace
from core.errors import Forbidden, Invalid, NotFound
from core.ui.panels import PANELS
from incidents.components.filters import ComponentFilter
from incidents.components.selectors import (  # fmt: skip
    component_for,
    components_page,
    daily_incidents,
    neighbours,
    state_of,
    worst_components,
)
from incidents.components.services.editing import create_component, edit_component
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.models import AffectedComponent, Component, Incident
from incidents.overview.activity import recent_activity
from incidents.overview.health import Burden, Standing, health_under
from incidents.overview.selectors import last_day, standings
from incidents.vocabulary import UNRESOLVED, Impact, Severity, Status

NOW = datetime(2026, 3, 29, 8, 20, tzinfo=UTC)  # the night before, Berlin's clocks went forward
MIDNIGHT = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


@pytest.fixture
def keeper(make_actor):
    return make_actor("manager", username="mona.manager")


@pytest.fixture
def berlin(workspace):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Berlin")
    with time_machine.travel(NOW, tick=False):
        yield workspace


def _row(workspace, number, dice):
    detected = NOW - timedelta(minutes=dice.choice([dice.randint(0, 1700), dice.randint(0, 140_000)]))
    status = dice.choice(Status.values)
    over = status not in UNRESOLVED
    resolved = detected + (NOW - detected) * dice.random() if over else None
    acknowledged = detected + (NOW - detected) * dice.random() if over or dice.random() < 0.5 else None
    return Incident(
        workspace_id=workspace.pk,
        number=number,
        title=f"T{number}",
        severity=dice.choice(Severity.values),
        status=status,
        is_drill=dice.random() < 0.15,
        started_at=detected - timedelta(seconds=dice.randint(0, 900)),
        detected_at=detected,
        acknowledged_at=acknowledged,
        resolved_at=resolved,
        updated_at=NOW,
        acknowledge_due_at=detected + timedelta(minutes=30),
        update_due_at=NOW + timedelta(minutes=dice.randint(-60, 60)),
        resolve_due_at=dice.choice([None, NOW + timedelta(minutes=dice.randint(-60, 60))]),
        last_event_at=dice.choice([None, detected]),
    )


@pytest.fixture
def crowd(berlin, other_workspace):
    """150 incidents of every kind, 9 components, and a rival's incident that must never count."""
    dice = random.Random(20260329)
    Incident.objects.bulk_create(
        [_row(berlin, n, dice) for n in range(1, 151)] + [_row(other_workspace, 1, dice)]
    )
    rows = list(Incident.objects.of(berlin.pk).order_by("id"))
    parts = [Component.objects.create(workspace_id=berlin.pk, name=f"part-{n}") for n in range(9)]
    AffectedComponent.objects.bulk_create(
        AffectedComponent(
            workspace_id=berlin.pk, incident=row, component=part, impact=dice.choice(Impact.values)
        )
        for row in rows
        for part in dice.sample(parts[:7], dice.randint(0, 3))
    )
    return rows


def _is_open(row):
    return row.status in UNRESOLVED and not row.is_drill


def _overdue(row):
    due = [row.acknowledge_due_at] if row.acknowledged_at is None else [row.update_due_at, row.resolve_due_at]
    return min(d for d in due if d) <= NOW


def _seconds(pairs):
    return [(end - start).total_seconds() for start, end in pairs if end]


def _agrees(average, seconds):
    assert average.count == len(seconds)
    assert average.mean.total_seconds() == pytest.approx(fmean(seconds), abs=1e-3)
    assert average.median.total_seconds() == pytest.approx(median(seconds), abs=1e-3)


def test_health_equals_a_plain_loop(crowd, actor):
    now, real = standings(actor), [row for row in crowd if _is_open(row)]
    ended = [row for row in crowd if row.resolved_at and not row.is_drill]
    assert now.active == len(real)
    assert now.drills == sum(row.is_drill and row.status in UNRESOLVED for row in crowd)
    assert now.waiting == sum(row.acknowledged_at is None for row in real)
    assert now.overdue == sum(_overdue(row) for row in real)
    assert now.worst == sum(row.severity in ("sev1", "sev2") for row in real)
    assert now.health == health_under(Burden(r.severity, r.status == "monitoring") for r in real)
    assert now.resolved_today == sum(row.resolved_at >= MIDNIGHT for row in ended)
    recent = [row for row in ended if row.resolved_at >= NOW - timedelta(days=30)]
    _agrees(now.mttr, _seconds((row.detected_at, row.resolved_at) for row in recent))


def test_last_day_agrees_with_a_plain_loop(crowd, actor):
    day, first = last_day(actor), datetime(2026, 3, 28, 9, 0, tzinfo=UTC)
    found = [row for row in crowd if row.detected_at >= first and not row.is_drill]
    ended = [row for row in crowd if row.resolved_at and row.resolved_at >= first and not row.is_drill]
    assert [hour.astimezone(UTC) for hour in day.hours] == [first + n * timedelta(hours=1) for n in range(24)]
    assert f"{day.hours[0]:%H:%M} {day.hours[-1]:%H:%M}" == "10:00 10:00"  # an hour is missing in Berlin
    for moment, rows, daily in (("detected_at", found, day.opened), ("resolved_at", ended, day.resolved)):
        hours = Counter((getattr(row, moment) - first) // timedelta(hours=1) for row in rows)
        assert list(daily) == [hours[n] for n in range(24)]
    assert day.by_severity == {s: sum(row.severity == s for row in found) for s in Severity.values}
    _agrees(day.mttd, _seconds((row.started_at, row.detected_at) for row in found))
    _agrees(day.mtta, _seconds((row.detected_at, row.acknowledged_at) for row in found))
    _agrees(day.mttr, _seconds((row.detected_at, row.resolved_at) for row in ended))


def test_resolutions_are_by_people_by_senders_or_by_tocsin(actor, workspace, declared):
    sender = Actor(workspace.pk, "source", "Alertmanager", scopes=frozenset({"incidents:write"}))
    for who in (actor, actor, sender, system_actor(workspace.pk)):
        resolve_incident(who, number=declared().number)
    day = last_day(actor)
    assert (sum(day.resolved), day.resolved_by_people, day.resolved_by_tocsin) == (4, 2, 1)
    shown = PANELS.get("incidents.last_day").context(actor, "", {})["resolved_by"]
    assert shown == [("people", 2), ("senders", 1), ("Tocsin", 1)]


def test_open_incidents_are_counted_hour_by_hour(crowd, actor):
    day = last_day(actor)
    for hour, counted in zip(day.hours, day.active, strict=True):
        end = min(NOW, hour + timedelta(hours=1))
        open_then = [
            row for row in crowd
            if not row.is_drill and row.detected_at < end and not (row.resolved_at and row.resolved_at < end)
        ]  # fmt: skip
        assert counted == len(open_then)


def test_components_agree_with_a_plain_loop(crowd, actor):
    touched = AffectedComponent.objects.of(actor.workspace_id).select_related("incident")
    for state in components_page(actor).items:
        mine = [a for a in touched if a.component_id == state.component.pk and _is_open(a.incident)]
        burdens = [Burden(a.incident.severity, a.incident.status == "monitoring", 1, a.impact) for a in mine]
        assert state.load.health == health_under(burdens)
        assert state.load.open_count == len(mine)
        assert state_of(actor, state.component).load == state.load


def test_each_day_of_a_component_agrees_with_a_plain_loop(crowd, actor):
    part = Component.objects.of(actor.workspace_id).get(name="part-0")
    touched = (
        AffectedComponent.objects.of(actor.workspace_id).filter(component=part).select_related("incident")
    )
    days = Counter(
        a.incident.detected_at.astimezone(ZoneInfo("Europe/Berlin")).date()
        for a in touched
        if not a.incident.is_drill
    )
    daily = daily_incidents(actor, part)
    assert len(daily) == 90
    assert daily[-1][0].isoformat() == "2026-03-29"
    assert [count for _, count in daily] == [days[day] for day, _ in daily]
    assert sum(count for _, count in daily) > 0


def test_nothing_is_divided_by_zero(berlin, actor):
    now, day = standings(actor), last_day(actor)
    assert (now.health.percent, now.active, now.mttr.count, now.mttr.mean) == (100, 0, 0, None)
    assert (day.mttd.mean, day.mttr.median, sum(day.opened), day.active) == (None, None, 0, (0,) * 24)
    assert worst_components(actor) == []


def test_worst_component_comes_first_and_healthy_ones_by_tier_and_name(crowd, actor, keeper):
    edit_component(keeper, component_id=component_for(actor, name="part-8").pk, wanted={"tier": 1})
    states = components_page(actor).items
    percents = [s.load.health.percent for s in states]
    assert percents == sorted(percents)
    assert [s.component.name for s in states if not s.load.open_count] == ["part-8", "part-7"]
    assert [s.component for s in worst_components(actor)[:3]] == [s.component for s in states[:3]]


def test_components_are_paged_without_a_gap_or_a_double(berlin, actor):
    names = [f"{n % 7}-{n}" for n in range(23)]
    Component.objects.bulk_create(
        Component(workspace_id=berlin.pk, name=name, tier=n % 3 + 1) for n, name in enumerate(names)
    )
    seen, cursor = [], None
    while True:
        page = components_page(actor, cursor=cursor, limit=5)
        seen += [(s.component.tier, s.component.name) for s in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == 23


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (ComponentFilter(search="PART-1"), 1),
        (ComponentFilter(search="%"), 0),
        (ComponentFilter(standing=Standing.HEALTHY), 2),
        (ComponentFilter(tier=3), 9),
        (ComponentFilter(tier=1), 0),
        (ComponentFilter(is_archived=True), 0),
    ],
)
def test_components_are_filtered(crowd, actor, wanted, count):
    assert len(components_page(actor, wanted).items) == count


def test_archived_component_is_shown_while_an_open_incident_touches_it(crowd, actor, keeper):
    affected = next(s.component for s in components_page(actor).items if s.load.open_count)
    healthy = component_for(actor, name="part-8")
    for one in (affected, healthy):
        edit_component(keeper, component_id=one.pk, wanted={"archived": True})
    names = [s.component.name for s in components_page(actor).items]
    assert affected.name in names
    assert healthy.name not in names


def test_last_event_is_that_of_the_newest_incident(declared, actor):
    first, second = (declared(f"T{n}", components=["api"]) for n in range(2))
    at = first.detected_at
    Incident.objects.of(actor.workspace_id).filter(pk=first.pk).update(last_event_at=at - timedelta(hours=2))
    Incident.objects.of(actor.workspace_id).filter(pk=second.pk).update(last_event_at=at - timedelta(hours=1))
    for number in (1, 2):
        resolve_incident(actor, number=number)
    [state] = components_page(actor).items
    assert state.last_event_at == at - timedelta(hours=1)


def test_reopened_incident_is_not_resolved_today(declared, actor):
    declared()
    resolve_incident(actor, number=1)
    assert (standings(actor).active, standings(actor).resolved_today) == (0, 1)
    reopen_incident(actor, number=1)
    assert (standings(actor).active, standings(actor).resolved_today) == (1, 0)


def test_neighbours_come_with_their_health(declared, actor, keeper):
    declared("Slow", components=["db"], severity="sev3")
    api = create_component(keeper, name="api", wanted={"depends_on": ["db"]})
    needs, needed_by = neighbours(actor, api)
    assert [(s.component.name, s.load.health.percent) for s in needs] == [("db", 90)]
    assert needed_by == []
    assert [s.component.name for s in neighbours(actor, needs[0].component)[1]] == ["api"]


def test_activity_is_newest_first_and_paged(declared, actor):
    for n in range(7):
        declared(f"Trouble {n}")
    first = recent_activity(actor, limit=4)
    second = recent_activity(actor, limit=4, cursor=first.next_cursor)
    numbers = [entry.incident.number for entry in [*first.items, *second.items]]
    assert numbers == [7, 6, 5, 4, 3, 2, 1]
    assert second.next_cursor is None
    with pytest.raises(Invalid):
        recent_activity(actor, cursor="nonsense")


@pytest.mark.parametrize(
    ("read", "most"),
    [
        (standings, 3), (last_day, 9), (worst_components, 3), (components_page, 3), (recent_activity, 1),
    ],
)  # fmt: skip
def test_reading_costs_the_same_however_much_there_is(crowd, actor, read, most):
    with CaptureQueriesContext(connection) as queries:
        read(actor)
    assert len(queries) <= most


def test_another_workspaces_component_is_not_there(crowd, make_actor, other_workspace):
    outsider = make_actor("admin", inside=other_workspace)
    mine = Component.across_workspaces.get(name="part-0")
    for call in (
        lambda: component_for(outsider, pk=mine.pk),
        lambda: component_for(outsider, name="part-0"),
        lambda: edit_component(outsider, component_id=mine.pk, wanted={"tier": 1}),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Invalid, match="which is no component here"):
        create_component(outsider, name="x", wanted={"depends_on": ["part-0"]})


def test_responder_may_not_change_the_catalogue(actor):
    with pytest.raises(Forbidden):
        create_component(actor, name="api")
