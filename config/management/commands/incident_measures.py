"""`manage.py incident_measures`: compare the measures that analytics reads with the incidents."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.analytics.integrity import rewrite_measures, wrong_measures


class Command(BaseCommand):
    help = "Compare the measures that analytics reads with the incidents; --rewrite writes those that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --rewrite."""
        parser.add_argument("--rewrite", action="store_true", help="write the measures that differ")

    def handle(self, *args: Any, rewrite: bool, **options: Any) -> None:
        """Print how many differ; exit code 1 when some do and are not rewritten."""
        if rewrite:
            self.stdout.write(f"Measures rewritten: {rewrite_measures()}.")
        elif wrong := wrong_measures():
            raise CommandError(f"Measures of {len(wrong)} incidents differ. Rewrite them with --rewrite.")
        else:
            self.stdout.write("The measures of all incidents are right.")
