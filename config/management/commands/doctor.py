"""`manage.py doctor`: run every health check and print what to do."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.installation.host_checks import of_this_machine
from core.health.checks import examine, probe


class Command(BaseCommand):
    help = "Check everything Tocsin needs: one line each, and what to do. Exit code 1 when something failed."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the results; exit with 1 when one failed."""
        found = {**dict(of_this_machine()), **examine(), **probe()}
        paint = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}
        for name, finding in found.items():
            print(f"{paint[finding.level](f'{finding.level:<4}')}  {name}: {finding.detail}")
            if finding.level != "ok" and finding.advice:
                print(f"      {finding.advice}")
        if any(finding.level == "fail" for finding in found.values()):
            sys.exit(1)
