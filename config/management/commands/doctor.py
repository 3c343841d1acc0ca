"""`manage.py doctor`: is everything well, and if not, what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.health import Finding, Level, examine

LOW_DISK = 1024**3


class Command(BaseCommand):
    help = "Check everything Tocsin needs: one line each, and what to do. Exit code 1 when something failed."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings; exit with 1 when one failed."""
        found = {**dict(_of_this_machine()), **examine()}
        paint = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}
        for name, finding in found.items():
            print(f"{paint[finding.level](f'{finding.level:<4}')}  {name}: {finding.detail}")
            if finding.level != "ok" and finding.advice:
                print(f"      {finding.advice}")
        if any(finding.level == "fail" for finding in found.values()):
            sys.exit(1)


def _of_this_machine() -> Iterator[tuple[str, Finding]]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield "python", Finding("ok", f"Python {version}")
    free = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else settings.BASE_DIR).free
    level: Level = "ok" if free > LOW_DISK else "warn"
    yield (
        "disk",
        Finding(level, f"{free / 1024**3:.1f} GiB free", "Free space before PostgreSQL runs out of it."),
    )
    yield "settings", _settings()


def _settings() -> Finding:
    if settings.TOCSIN_OPEN_LOOPBACK:
        advice = "Right for trying it out; unset TOCSIN_OPEN_LOOPBACK for anything else."
        return Finding("warn", "programs on this machine may call the API without a token", advice)
    return Finding("ok", f"the mode is {settings.TOCSIN_ENV}")
