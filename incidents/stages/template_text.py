"""Converts a checklist to editable lines of text, and back. Pure.

One item per line: `action: Scale up resources`, `check*: Review logs` (an asterisk: required) or `exit
error_rate: Error rate < 1%` (with an automatic criterion). Without a kind it is an action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from incidents.stages.standard import Item, Kind

_LINE: Final = re.compile(
    r"(?P<kind>action|check|exit)(?P<star>\*?)(?: +(?P<criterion>[a-z_]{1,60}))? *: *(?P<text>.+)"
)


def lines_of(items: Iterable[Item]) -> str:
    """Return the items, one per line."""
    return "\n".join(_line(item) for item in items)


def _line(item: Item) -> str:
    star = "*" if item.is_required else ""
    criterion = f" {item.criterion}" if item.criterion else ""
    return f"{item.kind}{star}{criterion}: {item.text}"


def items_from(text: str) -> list[Item]:
    """Return the items of the non-empty lines."""
    return [_item(line.strip()) for line in text.splitlines() if line.strip()]


def _item(line: str) -> Item:
    found = _LINE.fullmatch(line)
    if found is None:
        return Item(line)
    kind = cast("Kind", found["kind"])
    return Item(found["text"], kind, bool(found["star"]), found["criterion"] or "")
