"""`manage.py backup PLACE`: write a consistent backup to one file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.runtime.backups import keep
from core.backup.manifest import BackupError


class Command(BaseCommand):
    help = "Write a backup while Tocsin runs. PLACE is a folder or s3://bucket/folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add PLACE."""
        parser.add_argument("place", help="a folder, or s3://bucket/folder")

    def handle(self, *args: Any, place: str, **options: Any) -> None:
        """Print the path of the backup and its size; exit status 1 with one line when it fails."""
        try:
            where, manifest = keep(place, now=timezone.now())
        except BackupError as error:
            raise CommandError(str(error)) from error
        print(f"{where}\n{filesizeformat(manifest.size)}, as of {manifest.made_at}")
