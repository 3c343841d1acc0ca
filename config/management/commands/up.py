"""Lists `up` among the commands; `manage.py` runs it before Django is set up (`config.runtime.launch`)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey and S3 unless given, prepare, then run web, workers and beat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fail: a call from a running Django is too late."""
        raise CommandError("Start it as a program of its own: python manage.py up")
