"""`manage.py restore FILE`: restore a backup."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from config.runtime.backups import fetched
from core.backup.manifest import BackupError
from core.backup.restoring import restore


class Command(BaseCommand):
    help = "Restore a backup, all or nothing. Stop Tocsin's programs first."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Add FILE and --replace."""
        parser.add_argument("file", help="a backup: a file, or s3://bucket/folder/file")
        parser.add_argument("--replace", action="store_true", help="drop what is in the database now")

    def handle(self, *args: Any, file: str, replace: bool, **options: Any) -> None:
        """Print what was restored; exit code 1 with one line when nothing was changed."""
        try:
            with fetched(file) as path:
                manifest = restore(path, replace=replace)
        except BackupError as error:
            raise CommandError(str(error)) from error
        print(f"Restored {filesizeformat(manifest.size)}, as of {manifest.made_at}.")
        print("All sessions have ended. Start Tocsin and run manage.py doctor.")
