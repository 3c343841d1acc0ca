"""Event levels and their aliases. Pure."""

from __future__ import annotations

from itertools import product
from typing import Final

from detection.models import Level

LEVEL_NAMES: Final[dict[str, int]] = {level.label: level.value for level in Level} | {
    "trace": Level.DEBUG, "notice": Level.INFO, "warn": Level.WARNING, "err": Level.ERROR,
    "low": Level.INFO, "medium": Level.WARNING, "moderate": Level.WARNING, "high": Level.ERROR,
    "major": Level.ERROR, "minor": Level.INFO, "emergency": Level.FATAL, "alert": Level.FATAL,
    "sev4": Level.INFO, "sev3": Level.WARNING, "sev2": Level.ERROR, "sev1": Level.CRITICAL,
    "p4": Level.INFO, "p3": Level.WARNING, "p2": Level.ERROR, "p1": Level.CRITICAL,
    "crit": Level.CRITICAL, "severe": Level.CRITICAL, "blocker": Level.CRITICAL, "disaster": Level.CRITICAL,
    "emerg": Level.FATAL, "panic": Level.FATAL, "urgent": Level.ERROR, "failure": Level.ERROR,
    "average": Level.WARNING, "attention": Level.WARNING, "verbose": Level.DEBUG, "fine": Level.DEBUG,
    "finer": Level.DEBUG, "finest": Level.DEBUG, "silly": Level.DEBUG, "informational": Level.INFO,
    "information": Level.INFO, "trivial": Level.INFO, "none": Level.INFO, "ok": Level.INFO,
    "dpanic": Level.FATAL,
}  # fmt: skip
_NUMBERED: Final = (Level.CRITICAL, Level.CRITICAL, Level.ERROR, Level.WARNING, Level.INFO, Level.INFO)
LEVEL_NAMES.update(
    {
        f"{prefix}{separator}{number}": int(level)
        for prefix, separator in product(("sev", "severity", "s", "p", "priority"), ("", "-", "_", " "))
        for number, level in enumerate(_NUMBERED)
    }
)
LEVEL_NAMES.update({name.upper(): int(rank) for name, rank in list(LEVEL_NAMES.items())})
LEVEL_LABELS: Final[tuple[str, ...]] = tuple(level.label for level in Level)


def parse_level(text: str) -> Level:
    """Parse `error`, `ERROR`, `high`, `sev2` … Raises ValueError on anything else."""
    rank = LEVEL_NAMES.get(text.strip().lower())
    if rank is None:
        raise ValueError(f"must be one of {', '.join(LEVEL_LABELS)}")
    return Level(rank)
