"""Pipelined prepared statements: what they write, return and raise."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, NotSupportedError, connection, transaction
from django.utils import timezone

from core.sql.prepared import insert, pipelined, plan_once, rows, send, update, write
from incidents.models import Component

pytestmark = pytest.mark.django_db
HARD = 'a "b" \\ ü %s'


def prepared() -> set[str]:
    return {text for (text,) in rows("select statement from pg_prepared_statements")}


def names(workspace) -> dict[str, str]:
    return dict(Component.objects.of(workspace.pk).values_list("name", "description"))


def test_statement_is_planned_once_for_a_connection() -> None:
    assert rows("select %s::int + 1", [1]) == [(2,)]
    assert "select $1::int + 1" in prepared()


def test_events_sent_together_are_planned_once() -> None:
    for number in range(3):
        with pipelined():
            two = [send("select %s::int * 7", [number]) for _ in range(2)]
            assert [response.rows() for response in two] == [[(7 * number,)]] * 2
    assert [text for text in prepared() if "* 7" in text] == ["select $1::int * 7"]


def test_statements_of_django_are_not_prepared() -> None:
    with connection.cursor() as cursor:
        for _ in range(10):
            cursor.execute("select %s", ["a secret"])
    rows("select 1")
    assert "a secret" not in str(connection.connection._prepared._counts)
    assert connection.connection.prepare_threshold is None


def test_results_are_read_in_any_order() -> None:
    with pipelined():
        first, second = send("select %s::int", [1]), send("select %s::int", [2])
        assert (second.rows(), first.rows()) == ([(2,)], [(1,)])
    third = send("select %s::int", [3])
    assert third.rows() == [(3,)]


def test_statements_run_in_their_order_and_see_what_those_before_did(workspace) -> None:
    with pipelined(), pipelined():
        write([Component(workspace_id=workspace.pk, name="api")])
        seen = send("select name from incidents_component where workspace_id = %s::bigint", [workspace.pk])
        write([Component(workspace_id=workspace.pk, name="db")])
        assert seen.rows() == [("api",)]
    assert names(workspace).keys() == {"api", "db"}


def test_error_is_raised_at_the_wait_and_rolls_back(workspace) -> None:
    def fail() -> None:
        with transaction.atomic(), pipelined():
            write([Component(workspace_id=workspace.pk, name="api")])
            send("select 1 / %s::int", [0])

    with pytest.raises(DataError):
        fail()
    assert names(workspace) == {}
    assert rows("select 1") == [(1,)]


def test_error_is_raised_by_the_next_result(workspace) -> None:
    reached = []

    def go_on() -> None:
        with transaction.atomic(), pipelined():
            send("select 1 / %s::int", [0])
            reached.append("sent")
            rows("select 1")
            reached.append("answered")

    with pytest.raises(DataError):
        go_on()
    assert reached == ["sent"]


def test_without_a_pipeline_a_statement_has_run_when_send_returns() -> None:
    with pytest.raises(DataError), transaction.atomic():
        send("select 1 / %s::int", [0])


def test_inserted_objects_know_what_the_database_filled_in(workspace) -> None:
    made = [Component(workspace_id=workspace.pk, name=name, description=HARD) for name in ("api", "db")]
    insert(made)
    for one in made:
        stored = Component.objects.of(workspace.pk).get(pk=one.pk)
        assert (stored.name, stored.description, stored.created_at) == (one.name, HARD, one.created_at)
        assert not one._state.adding


def test_existing_rows_are_left_or_updated(workspace) -> None:
    given = [Component(workspace_id=workspace.pk, name="api", description=text) for text in ("old", "new")]
    write(given[:1])
    write(given[1:], on_conflict="do nothing")
    assert names(workspace) == {"api": "old"}
    write(given[1:], on_conflict="(workspace_id, name) do update set description = excluded.description")
    assert names(workspace) == {"api": "new"}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(given[1:])


def test_update_writes_the_fields_that_are_named(workspace) -> None:
    made = [Component(workspace_id=workspace.pk, name=name, tier=1) for name in ("api", "db", "cache")]
    insert(made)
    for one in made[:2]:
        one.description, one.tier = f"the {one.name}", 2
    update(made[:2], ("description",))
    assert names(workspace) == {"api": "the api", "db": "the db", "cache": ""}
    assert {*Component.objects.of(workspace.pk).values_list("tier", flat=True)} == {1}


def test_rows_excluded_by_the_condition_are_not_written(workspace) -> None:
    write([Component(workspace_id=workspace.pk, name=name) for name in "ab"], where="x.name <> 'a'")
    assert names(workspace).keys() == {"b"}


def test_empty_write_runs_no_statement(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        insert([])
        write([])
        update([], ("name",))


def test_objects_that_leave_different_things_to_the_database_are_refused(workspace) -> None:
    left, named = (Component(workspace_id=workspace.pk, name=name) for name in ("api", "db"))
    named.created_at = timezone.now()
    with pytest.raises(ValueError, match="either all or none"):
        write([left, named])
    assert names(workspace) == {}


def test_altered_column_fails_a_connection_only_once(transactional_db) -> None:
    with connection.cursor() as cursor:
        cursor.execute("create table altered (a varchar(5))")
    try:
        assert rows("select a from altered") == []
        with connection.cursor() as cursor:
            cursor.execute("alter table altered alter a type text")
        with pytest.raises(NotSupportedError):
            rows("select a from altered")
        connection.close()  # as at the end of a request
        assert rows("select a from altered") == []
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("drop table altered")


def test_planning_once_ends_with_the_transaction(transactional_db) -> None:
    def settings() -> list[tuple[str, str]]:
        return rows("select current_setting('plan_cache_mode'), current_setting('enable_seqscan')")

    before = settings()
    with transaction.atomic():
        plan_once()
        assert settings() == [("force_generic_plan", "off")]
    assert settings() == before != [("force_generic_plan", "off")]
    assert connection.is_usable()
