"""`manage.py prepare`: build assets and migrate before a new version starts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.runtime.prepare import prepare, shown_mark
from core.embedded.process import StartError


class Command(BaseCommand):
    help = "Build CSS and static files, migrate, make the first workspace; print where to go."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run all steps; those already done are skipped."""
        try:
            print(prepare(), flush=True)
            shown_mark().touch()
        except (StartError, OSError) as error:
            raise CommandError(str(error)) from error
