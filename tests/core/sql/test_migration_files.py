"""Migrations found by their files, against Django's own loader."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from core.sql.migration_files import migrations_on_disk, unapplied_migrations

pytestmark = pytest.mark.django_db


def test_files_are_what_django_loads() -> None:
    assert migrations_on_disk() == set(MigrationExecutor(connection).loader.disk_migrations)


def test_unapplied_ones_are_found() -> None:
    assert unapplied_migrations() == set()
    MigrationRecorder(connection).record_unapplied("incidents", "0001_initial")
    assert unapplied_migrations() == {("incidents", "0001_initial")}
