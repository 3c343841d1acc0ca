"""Checks of the host and its settings that need no server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from core.health.checks import CheckResult, Level

LOW_DISK: Final = 1024**3


def of_this_machine() -> Iterator[tuple[str, CheckResult]]:
    """Return check results by name: Python version, disk space, mode."""
    yield "python", CheckResult("ok", f"Python {'.'.join(map(str, sys.version_info[:3]))}")
    free = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else settings.BASE_DIR).free
    level: Level = "ok" if free > LOW_DISK else "warn"
    advice = "Free space before PostgreSQL runs out of it."
    yield "disk", CheckResult(level, f"{free / 1024**3:.1f} GiB free", advice)
    yield "settings", _settings()


def _settings() -> CheckResult:
    if settings.TOCSIN_OPEN_LOOPBACK:
        advice = "Right for trying it out; set TOCSIN_OPEN_LOOPBACK=false for anything else."
        return CheckResult("warn", "programs on this machine may call the API without a token", advice)
    return CheckResult("ok", f"the mode is {settings.TOCSIN_ENV}")
