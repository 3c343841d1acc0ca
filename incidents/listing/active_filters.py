"""Active filters of a list as removable chips and select boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from incidents.listing.list_query import ListQuery
from incidents.listing.ordering import ORDERS
from incidents.vocabulary import IncidentType, Severity, Stage, Status

SINCE: Final = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
}
WORST_TWO: Final = "sev1,sev2"
_TITLES: Final = {
    "severity": "Severity", "status": "Status", "stage": "Stage", "component": "Component", "type": "Type",
    "label": "Label", "assigned_to": "Commander", "search": "Search", "project": "Project",
    "since": "Detected", "until": "Until", "resolved_since": "Resolved", "acknowledged": "Acknowledged",
    "sla": "SLA",
}  # fmt: skip
_LABELS: Final = {
    "severity": dict(Severity.choices),
    "status": {"active": "Active", **dict(Stage.choices), **dict(Status.choices)},
    "stage": dict(Stage.choices),
    "type": dict(IncidentType.choices),
    "since": SINCE,
    "assigned_to": {"none": "Unassigned"},
    "acknowledged": {"yes": "Yes", "no": "No"},
    "sla": {"missed": "Missed"},
}


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """One value of one filter; `address` is the list without it."""

    title: str
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Select:
    """A select box of the filter bar: its choices as (value, label), and the selected value."""

    name: str
    title: str
    choices: Sequence[tuple[str, str]]
    chosen: str
    nothing: str = ""

    @property
    def is_searchable(self) -> bool:
        """Return whether it is a field with suggestions, for possibly hundreds of choices."""
        return bool(self.nothing)


def active_filters(query: ListQuery) -> list[ActiveFilter]:
    """Return every active filter, value by value."""
    return [
        ActiveFilter(_TITLES[name], filter_text(name, word), query.without(name, word))
        for name, words in query.words.items()
        for word in words
    ]


def filter_text(name: str, word: str) -> str:
    """Return the label of a value: `sev1` -> SEV1, `1h` -> Last hour, `2h` -> since 2h."""
    label = _LABELS.get(name, {}).get(word)
    return label or (f"since {word}" if name in ("since", "resolved_since") else word)


def selects(query: ListQuery, components: Iterable[str], *, with_status: bool) -> list[Select]:
    """Return the boxes of the filter bar. A selected value that is not among the choices is added to them."""
    chosen = ",".join(sorted(query.words.get("component", ())))
    named = Select("component", "Component", [(name, name) for name in components], chosen, "Any component")
    statuses = [("active", "Active"), *Status.choices]
    worst = [*Severity.choices, (WORST_TWO, "SEV1 and SEV2")]
    boxes = [_select(query, "severity", "Any severity", worst)]
    if with_status:
        boxes.append(_select(query, "status", "Any status", statuses))
    boxes.append(named)
    boxes.append(_select(query, "type", "Any type", IncidentType.choices))
    boxes.append(_select(query, "since", "Any time", list(SINCE.items())))
    return boxes


def order_select(query: ListQuery) -> Select:
    """Return the box that selects the order."""
    return Select("sort", "Order", [(o.name, o.label) for o in ORDERS.values()], query.order.name)


def unboxed(query: ListQuery, boxes: Iterable[Select]) -> list[tuple[str, str]]:
    """Return the parameters that the filter bar has no box for, as hidden fields of its form."""
    named = {box.name for box in boxes} | {"search", "sort"}
    return [(name, value) for name, value in query.pairs() if name not in named]


def _select(query: ListQuery, name: str, nothing: str, known: Sequence[tuple[str, str]]) -> Select:
    words = query.words.get(name, ())
    chosen = ",".join(sorted(words))
    choices = [("", nothing), *known]
    if chosen not in dict(choices):
        choices.append((chosen, ", ".join(filter_text(name, word) for word in words)))
    return Select(name, _TITLES[name], choices, chosen)
