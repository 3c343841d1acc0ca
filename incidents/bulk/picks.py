"""Selected incidents of a form: `pick=42:7`, number and version that was shown."""

from __future__ import annotations

import re
from typing import Final

from django.http import QueryDict

from incidents.bulk.services.actions import MAX_INCIDENTS, Pick
from incidents.validation import invalid

_PICK: Final = re.compile(r"([0-9]{1,9})(?::([0-9]{1,9}))?", re.ASCII)


def picks_in(form: QueryDict, name: str = "pick") -> list[Pick]:
    """Return 1 to 200 picks. Raises Invalid (field `pick`) for none, for too many, and for anything else."""
    found = [_pick(text) for text in form.getlist(name)]
    if not found:
        raise invalid("pick", "required", "must name an incident: select at least one")
    if len(found) > MAX_INCIDENTS:
        raise invalid("pick", "max_items", f"must be at most {MAX_INCIDENTS} incidents, not {len(found)}")
    return found


def _pick(text: str) -> Pick:
    match = _PICK.fullmatch(text)
    if match is None:
        raise invalid("pick", "pair", "must look like 42:7, a number and a version")
    return Pick(int(match[1]), int(match[2]) if match[2] else None)
