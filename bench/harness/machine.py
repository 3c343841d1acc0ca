"""The measuring machine, in words for a table: no names, no paths."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

import psutil


def facts() -> dict[str, str]:
    """Return cores, memory, system and date."""
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }
