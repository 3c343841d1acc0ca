"""Event levels and their aliases. Pure."""

from __future__ import annotations

from typing import Final

from detection.models import Level

LEVEL_NAMES: Final[dict[str, int]] = {level.label: level.value for level in Level} | {
    "trace": Level.DEBUG, "notice": Level.INFO, "warn": Level.WARNING, "err": Level.ERROR,
    "low": Level.INFO, "medium": Level.WARNING, "moderate": Level.WARNING, "high": Level.ERROR,
    "major": Level.ERROR, "minor": Level.INFO, "emergency": Level.FATAL, "alert": Level.FATAL,
    "sev4": Level.INFO, "sev3": Level.WARNING, "sev2": Level.ERROR, "sev1": Level.CRITICAL,
    "p4": Level.INFO, "p3": Level.WARNING, "p2": Level.ERROR, "p1": Level.CRITICAL,
}  # fmt: skip
LEVEL_NAMES.update({name.upper(): int(rank) for name, rank in list(LEVEL_NAMES.items())})
LEVEL_LABELS: Final[tuple[str, ...]] = tuple(level.label for level in Level)


def parse_level(text: str) -> Level:
    """`error`, `ERROR`, `high`, `sev2` … -> Level. Raises ValueError on anything else."""
    rank = LEVEL_NAMES.get(text.strip().lower())
    if rank is None:
        raise ValueError(f"must be one of {', '.join(LEVEL_LABELS)}")
    return Level(rank)
