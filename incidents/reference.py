"""Parses and formats incident references: `INC-42`."""

from __future__ import annotations

import re

from core.errors import FieldFault, Invalid, NotFound

MAX_NUMBER = 2**31 - 1  # maximum of the column
_SHAPE = re.compile(r"\s*#?\s*(?:inc\s*[-_ #]?\s*)?([0-9]{1,40})\s*", re.ASCII | re.IGNORECASE)


def parse_reference(text: str | int) -> int:
    """Parse `INC-42`, `42`, `inc-42`, `inc_00042`, `#INC-042`, `#42`, 42 -> 42.

    Raises Invalid (field `incident`) for anything else, NotFound for impossible numbers.
    """
    match = _SHAPE.fullmatch(str(text)[:80])
    if match is None:
        fault = FieldFault("incident", "reference", "must look like INC-42, #INC-042, inc_00042 or 42")
        raise Invalid("That is not an incident's number.", faults=[fault])
    number = int(match[1])
    if not 1 <= number <= MAX_NUMBER:
        raise NotFound(f"There is no incident {number} in this workspace.")
    return number


def reference(number: int) -> str:
    """Format 42 as `INC-42`."""
    return f"INC-{number}"
