"""Which migrations exist and which of them are not applied, without importing any.

Django's loader imports every migration and keeps a graph of all models' history: 10 MiB in each program that
only asks whether something is missing.
"""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


def migrations_on_disk() -> set[tuple[str, str]]:
    """Return (app label, name) of each migration of the installed apps."""
    return {
        (app.label, found.name)
        for app in apps.get_app_configs()
        for found in iter_modules([str(Path(app.path) / "migrations")])
        if not found.ispkg and found.name[0] not in "_~"  # as Django's loader does
    }


def unapplied_migrations() -> set[tuple[str, str]]:
    """Return those of `migrations_on_disk` that the database lacks. Raises DatabaseError."""
    return migrations_on_disk() - MigrationRecorder(connection).applied_migrations().keys()
