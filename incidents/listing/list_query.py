"""Parses and builds the query string of a list. Pure.

A page uses the valid parameters and reports the others; the API refuses them (`incidents.listing.filters`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from core.errors import Invalid
from incidents.listing.filters import ACTIVE, NAMES, IncidentFilter, parse_filter, values_of
from incidents.listing.ordering import NEWEST, Order, decode, parse_order

ONCE: Final = frozenset(
    {"search", "project", "assigned_to", "since", "until", "resolved_since", "acknowledged", "sla"}
)
KNOWN: Final = frozenset(
    {"sort", "cursor", "key", "pick", *(alias for names in NAMES.values() for alias in names)}
)
SHOWN: Final = 80  # characters of an invalid value


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A requested list.

    `words`: canonical values by parameter; `carried`: parameters that others read. `ignored`: sentences, one
    per fault.
    """

    wanted: IncidentFilter
    order: Order = NEWEST
    cursor: str = ""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        """Return the parameters of the same list from its first page on; an empty change removes one."""
        order = "" if self.order == NEWEST else self.order.name
        now = {name: ",".join(words) for name, words in self.words.items()}
        now |= {"sort": order, **self.carried, **changes}
        return [(name, value) for name, value in now.items() if value]

    def address(self, **changes: str) -> str:
        """Return `pairs` as a query string without the question mark."""
        return urlencode(self.pairs(**changes))

    def without(self, name: str, word: str) -> str:
        """Return the query string of this list without one value of one filter."""
        return self.address(**{name: ",".join(other for other in self.words[name] if other != word)})


def read_list(
    given: Mapping[str, Any], *, also: Sequence[str] = (), now: datetime | None = None
) -> ListQuery:
    """Parse a page's query parameters; `also` names those that others read. Raises nothing."""
    now, faults = now or datetime.now(UTC), list(_unknown(given, KNOWN.union(also)))
    words = {name: values for name in NAMES if (values := _valid(given, name, now, faults))}
    order = _order(given, faults)
    return ListQuery(
        parse_filter({name: list(values) for name, values in words.items()}, now=now),
        order,
        _cursor(given, order, faults),
        words,
        {name: str(given[name]) for name in also if given.get(name)},
        tuple(faults),
    )


def given_parameters(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the filters for a file: name -> canonical words. For parameters accepted by `parse_filter`."""
    return {name: ", ".join(words) for name, words in read_list(given).words.items()}


def _unknown(given: Mapping[str, Any], known: frozenset[str]) -> Iterable[str]:
    for name in sorted(set(given) - known):
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield f"“{_short(name)}” is not a filter of this list.{hint}"


def _valid(given: Mapping[str, Any], name: str, now: datetime, faults: list[str]) -> tuple[str, ...]:
    try:
        values = values_of(given, name)
    except Invalid as fault:
        faults.append(f"{name} {fault.faults[0].message}.")
        return ()
    if name in ONCE and len(values) > 1:
        faults.append(f"{name} was given more than once; only the last one counts.")
        values = values[-1:]
    words = [word for value in values if (word := _word(name, value, now, faults))]
    return tuple(dict.fromkeys(words))


def _word(name: str, value: str, now: datetime, faults: list[str]) -> str:
    """Return the canonical word, or "" and add a fault."""
    try:
        return _canonical(name, value, parse_filter({name: [value]}, now=now))
    except Invalid as fault:
        faults.append(f"{name} “{_short(value)}” {fault.faults[0].message}.")
        return ""


def _canonical(name: str, value: str, read: IncidentFilter) -> str:
    if name == "status" and value.casefold() in ACTIVE:
        return "active"
    if name in ("acknowledged", "sla"):
        return value.casefold()
    found: Iterable[str] = {
        "severity": read.severities,
        "status": [*read.statuses, *read.stages_as_status],
        "stage": read.stages,
        "type": read.types,
        "label": [f"{key}={text}" for key, text in read.labels.items()],
    }.get(name, (value,))
    return str(next(iter(found)))


def _order(given: Mapping[str, Any], faults: list[str]) -> Order:
    try:
        return parse_order(str(given.get("sort", "")))
    except Invalid as fault:
        faults.append(f"sort “{_short(str(given.get('sort')))}” {fault.faults[0].message}.")
        return NEWEST


def _cursor(given: Mapping[str, Any], order: Order, faults: list[str]) -> str:
    text = str(given.get("cursor") or "")
    try:
        if text:
            decode(order, text)
        return text
    except Invalid:
        faults.append("The link to that page cannot be read. These are the first ones.")
        return ""


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
