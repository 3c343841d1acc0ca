"""`manage.py backup PLACE`: write a consistent backup to one file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.runtime.backups import keep
from core.backup.manifest import BackupError


class Command(BaseCommand):
    help = "Write a backup while Tocsin runs. PLACE is a folder or s3://bucket/folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("place", help="a folder, or s3://bucket/folder")

    def handle(self, *args: Any, place: str, **options: Any) -> None:
        """Print where it is and what is in it; exit code 1 with one line when it cannot be made."""
        try:
            where, manifest = keep(place, now=timezone.now())
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(table.rows for table in manifest.tables)
        print(f"{where}\n{rows} rows of {len(manifest.tables)} tables, as of {manifest.made_at}")
