"""How much of a large table a run takes: `make test` a part of it, the same each time; `make fuzz` all.

A test or a row marked `whole` is one that only `make faults` and `make fuzz` run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import pytest

T = TypeVar("T")

WHOLE: Final = bool(os.environ.get("TOCSIN_WHOLE_TABLES"))


def share(values: Sequence[T], *, turn: int, size: int) -> Sequence[T]:
    """`size` of the values for the table's row number `turn`; over the rows, every value has its turn."""
    if WHOLE or size >= len(values):
        return values
    return [values[(turn * size + n) % len(values)] for n in range(size)]


def every(nth: int, values: Iterable[T], *, first: int = 0) -> list[T]:
    """Every n-th of the values, in their order."""
    return list(values) if WHOLE else [*values][first::nth]


def whole(*rows: Any) -> list[Any]:
    """These rows of a table are for the long runs."""
    return [pytest.param(row, marks=pytest.mark.whole) for row in rows]


def count(part: int, whole: int) -> int:
    """How often something is repeated."""
    return whole if WHOLE else part
