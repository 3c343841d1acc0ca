"""`manage.py migrate`: Django's command, preceded by the schema snapshot when the database is empty."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import DEFAULT_DB_ALIAS

from config.installation.schema import SNAPSHOT
from core.sql.schema_snapshot import load_into_empty_database

_LOOKS_ONLY = ("plan", "check_unapplied", "fake")


class Command(Migrate):
    def add_arguments(self, parser: Any) -> None:
        """Add an option to skip the snapshot to Django's."""
        super().add_arguments(parser)
        parser.add_argument(
            "--every-migration", action="store_true", help="Run all of them, also in an empty database."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the snapshot if it applies, then run Django's command."""
        is_whole = options["database"] == DEFAULT_DB_ALIAS and not options["app_label"]
        if is_whole and not options["every_migration"] and not any(options[name] for name in _LOOKS_ONLY):
            load_into_empty_database(SNAPSHOT)
        super().handle(*args, **options)
