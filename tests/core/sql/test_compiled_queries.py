"""Compiled queries: they return what Django's would, for any values, and are prepared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import TruncHour

from accounts.models import Session
from core.sql.compiled_queries import compiled
from core.sql.expressions import among
from core.sql.prepared import rows
from incidents.correlation.services.opening import declare_incident
from incidents.models import AffectedComponent, Component, Incident
from incidents.selectors import open_incidents_for

pytestmark = pytest.mark.django_db
HARD = "100 % of 'a' \\ \"b\" %s %%"


def named(workspace_id: int, name: str) -> QuerySet[Component]:
    return Component.objects.of(workspace_id).filter(name=name).exclude(description=HARD)


def touching(workspace_id: int, ids: list[int]) -> QuerySet[AffectedComponent]:
    found = AffectedComponent.objects.of(workspace_id).filter(among("incident_id", ids))
    names = Component.objects.of(workspace_id).filter(pk=OuterRef("component_id")).values("name")
    shown = found.select_related("incident", "component__owner").annotate(names=ArraySubquery(names))
    return shown.order_by("incident__number", "component__name")


def short(workspace_id: int, number: int) -> QuerySet[Incident]:
    return Incident.objects.of(workspace_id).filter(number=number).only("title", "labels")


def hourly(workspace_id: int, since: datetime) -> Any:
    hours = Incident.objects.of(workspace_id).filter(detected_at__gte=since).order_by()
    counted = hours.values(hour=TruncHour("detected_at", tzinfo=UTC)).annotate(n=Count("id"))
    return counted.values_list("hour", "n")


@pytest.fixture
def incidents(actor) -> list[Incident]:
    return [
        declare_incident(
            actor, title=f"{HARD} {n}", components=["api", f"db-{n}"], labels={"n": f"{n} {HARD}"}
        )
        for n in range(3)
    ]


def test_compiled_query_returns_what_the_queryset_would(workspace) -> None:
    ask = compiled(int, str)(named)
    for name in ("api", "db", HARD):
        Component.objects.create(workspace=workspace, name=name)
        [found], [expected] = ask(workspace.pk, name), named(workspace.pk, name)
        assert (found, found.created_at, found._state.adding) == (expected, expected.created_at, False)
    assert ask(workspace.pk, "nothing") == ask(workspace.pk + 1, "api") == []
    Component.objects.of(workspace.pk).filter(name="api").update(description=HARD)
    assert ask(workspace.pk, "api") == []


def test_relations_annotations_and_json_are_read_as_django_reads_them(
    workspace, incidents, django_assert_num_queries
) -> None:
    ids = [one.pk for one in incidents[1:]]
    expected = list(touching(workspace.pk, ids))
    ask = compiled(int, list)(touching)
    ask(workspace.pk, ids)
    with django_assert_num_queries(1):
        found = ask(workspace.pk, ids)
        assert [(r.incident.labels, r.component.name, r.component.owner, r.names) for r in found] == [
            (r.incident.labels, r.component.name, r.component.owner, r.names) for r in expected
        ]
    assert (len(found), found[0].incident.labels) == (4, {"n": f"1 {HARD}"})


def test_deferred_fields_are_read_on_access(workspace, incidents, django_assert_num_queries) -> None:
    [found] = compiled(int, int)(short)(workspace.pk, incidents[0].number)
    with django_assert_num_queries(0):
        assert (found.title, found.labels) == (incidents[0].title, incidents[0].labels)
    with django_assert_num_queries(1):
        assert found.severity == incidents[0].severity


def test_tuples_and_single_values_are_converted_as_well(workspace, incidents) -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    found = compiled(int, datetime)(hourly)(workspace.pk, since)
    assert found == list(hourly(workspace.pk, since))
    assert sum(count for _, count in found) == 3
    assert all(hour.tzinfo is not None for hour, _ in found)

    def numbers(workspace_id: int) -> Any:
        return Incident.objects.of(workspace_id).order_by("number").values_list("number", flat=True)

    assert compiled(int)(numbers)(workspace.pk) == [one.number for one in incidents]


def test_query_is_compiled_once_and_prepared_once_for_all_parameters(workspace) -> None:
    built = []

    def build(workspace_id: int, number: int) -> QuerySet[Incident]:
        built.append(number)
        return Incident.objects.of(workspace_id).filter(number=number, title="only here")

    ask = compiled(int, int)(build)
    for number in (1, 70_000, 2_000_000_000):
        assert ask(workspace.pk, number) == []
    assert len(built) == 1
    prepared = [text for (text,) in rows("select statement from pg_prepared_statements")]
    assert sum("only here" in text for text in prepared) == 1


def test_constants_are_inlined_so_that_partial_indexes_are_used(actor, incidents) -> None:
    assert open_incidents_for(actor)
    [text] = [
        text for (text,) in rows("select statement from pg_prepared_statements")
        if "is_mine" in text and text.endswith("LIMIT 50")
    ]  # fmt: skip
    assert "IN ('open', 'investigating', 'identified', 'monitoring')" in text


def test_unsupported_query_is_refused() -> None:
    def visits(user_id: int) -> QuerySet[Session]:
        return Session.objects.filter(user_id=user_id)

    with pytest.raises(TypeError, match="network addresses"):
        compiled(int)(visits)(1)


def test_query_of_dictionaries_is_refused() -> None:
    def names(workspace_id: int) -> Any:
        return Component.objects.of(workspace_id).values("name")

    with pytest.raises(TypeError, match="whole objects"):
        compiled(int)(names)(1)
