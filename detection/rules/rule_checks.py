"""Checks that a rule can fire, and applies defaults of a new rule. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.models import GroupBy, Level
from detection.rules.event_types import WORDS, event_types_of
from incidents.vocabulary import IncidentType

# The fields that decide whether a rule can fire.
DECIDING: Final = (
    "event_types", "sources", "message_pattern", "minimum_level", "group_by", "min_components_affected",
)  # fmt: skip


def with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new rule's values with defaults for what is not given.

    Without event types, pattern and level, a rule matches the event types of its incident type; where that
    has none, level error. If several sources must count, they count together.
    """
    defaults: dict[str, Any] = {}
    if not (values.get("event_types") or values.get("message_pattern")):
        defaults |= _default_match(values)
    if values.get("min_components_affected", 1) > 1:
        defaults["group_by"] = GroupBy.WORKSPACE
    return {**defaults, **values}


def _default_match(values: Mapping[str, Any]) -> dict[str, Any]:
    kind = IncidentType(values["incident_type"])
    if kind in WORDS and not {"event_types", "minimum_level"} & values.keys():
        return {"event_types": [*event_types_of(kind)]}
    return {"minimum_level": Level.ERROR}


def check_can_fire(values: Mapping[str, Any]) -> None:
    """Raise Invalid, with the reason, for a rule that can never fire or that matches every event."""
    if faults := [*_faults(values)]:
        raise Invalid("The rule was not saved.", faults=faults)


def _faults(values: Mapping[str, Any]) -> Iterator[FieldFault]:
    least, sources = values.get("min_components_affected", 1), values.get("sources") or []
    if least > 1 and values.get("group_by", GroupBy.SOURCE) == GroupBy.SOURCE:
        message = (
            f"can never reach {least}: grouped by source, every group has one. Group by workspace or by "
            "correlation id"
        )
        yield FieldFault("min_components_affected", "unreachable", message)
    elif sources and len(sources) < least:
        message = f"can never reach {least}: the rule names {len(sources)} of them in sources"
        yield FieldFault("min_components_affected", "unreachable", message)
    narrowed = any(values.get(name) for name in ("event_types", "sources", "message_pattern"))
    if not narrowed and values.get("minimum_level", Level.DEBUG) < Level.WARNING:
        message = (
            "makes the rule match every event. Choose warning or worse, or name event types, sources or a "
            "message pattern"
        )
        yield FieldFault("minimum_level", "matches_everything", message)
