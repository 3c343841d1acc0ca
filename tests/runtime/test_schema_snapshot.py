"""The snapshot of an empty database's tables: made from the current migrations, used where it fits."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from config.installation.schema import SNAPSHOT, migrations, migrations_in
from core.sql import schema_snapshot
from core.sql.schema_snapshot import load_into_empty_database

TABLES = "create table empty.made (id int); create table empty.django_migrations (applied timestamptz);"


def test_no_migration_of_the_snapshot_changed_since():
    changed = set(migrations_in(SNAPSHOT.read_text())) - set(migrations())
    assert not changed, f"run `make schema`: {sorted(changed)}"
    assert len(migrations_in(SNAPSHOT.read_text())) > 80


def test_database_with_tables_is_left_alone(db):
    assert load_into_empty_database(SNAPSHOT) is False


@pytest.fixture
def empty_schema(db, monkeypatch):
    """The current schema has no table."""
    monkeypatch.setattr(schema_snapshot, "SCHEMA", "empty")
    with connection.cursor() as cursor:
        cursor.execute("create schema empty; set local search_path = empty, public")


def _tables():
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relnamespace = 'empty'::regnamespace")
        return sorted(name for (name,) in cursor.fetchall())


def test_tables_of_the_snapshot_are_made_where_there_are_none(empty_schema, tmp_path):
    (tmp_path / "schema.sql").write_text(TABLES)
    assert load_into_empty_database(tmp_path / "schema.sql") is True
    assert _tables() == ["django_migrations", "made"]
    with connection.cursor() as cursor:
        cursor.execute("select current_schema()")
        assert cursor.fetchone() == ("empty",)


def test_incompatible_snapshot_changes_nothing_and_is_reported(empty_schema, tmp_path, caplog):
    (tmp_path / "schema.sql").write_text(TABLES + "create tabel more ();")
    assert load_into_empty_database(tmp_path / "schema.sql") is False
    assert _tables() == []
    assert re.search("every migration is run.*tabel", caplog.text)


def test_another_schema_than_the_snapshots_is_left_alone(empty_schema, monkeypatch):
    monkeypatch.setattr(schema_snapshot, "SCHEMA", "public")
    assert load_into_empty_database(SNAPSHOT) is False
    assert _tables() == []
