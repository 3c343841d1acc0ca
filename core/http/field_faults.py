"""Translates validation errors of request fields to Tocsin's rule names and messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.errors import FieldFault

# pydantic error type -> (rule, message). {names} are those of the error's context.
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", "is required"),
    "extra_forbidden": ("unknown", "is not a field of this request"),
    "string_type": ("type", "must be a text"),
    "string_too_short": ("min_length", "must have at least {min_length} characters"),
    "string_too_long": ("max_length", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("format", "has an invalid format"),
    "string_unicode": ("characters", "must be valid Unicode"),
    "int_type": ("type", "must be a whole number"),
    "int_parsing": ("type", "must be a whole number"),
    "int_from_float": ("type", "must be a whole number"),
    "int_parsing_size": ("range", "is too large a number"),
    "float_type": ("type", "must be a number"),
    "float_parsing": ("type", "must be a number"),
    "decimal_type": ("type", "must be a number"),
    "decimal_parsing": ("type", "must be a number"),
    "finite_number": ("range", "must be a finite number"),
    "bool_type": ("type", "must be true or false"),
    "bool_parsing": ("type", "must be true or false"),
    "greater_than": ("range", "must be greater than {gt}"),
    "greater_than_equal": ("range", "must be {ge} or more"),
    "less_than": ("range", "must be less than {lt}"),
    "less_than_equal": ("range", "must be {le} or less"),
    "multiple_of": ("range", "must be a multiple of {multiple_of}"),
    "enum": ("choice", "must be one of {expected}"),
    "literal_error": ("choice", "must be one of {expected}"),
    "list_type": ("type", "must be a list"),
    "tuple_type": ("type", "must be a list"),
    "set_type": ("type", "must be a list"),
    "too_short": ("min_items", "must have at least {min_length} items"),
    "too_long": ("max_items", "must have at most {max_length} items"),
    "dict_type": ("type", "must be an object"),
    "model_type": ("type", "must be an object"),
    "model_attributes_type": ("type", "must be an object"),
    "mapping_type": ("type", "must be an object"),
    "invalid_key": ("type", "must have strings as names"),
    "date_type": ("date", "must be a date such as 2026-01-28"),
    "date_parsing": ("date", "must be a date such as 2026-01-28"),
    "date_from_datetime_parsing": ("date", "must be a date such as 2026-01-28"),
    "date_from_datetime_inexact": ("date", "must be a date without a time"),
    "time_type": ("time", "must be a time of day such as 09:00"),
    "time_parsing": ("time", "must be a time of day such as 09:00"),
    "datetime_type": ("time", "must be a time such as 2026-01-28T12:00:00Z"),
    "datetime_parsing": ("time", "must be a time such as 2026-01-28T12:00:00Z"),
    "datetime_from_date_parsing": ("time", "must be a time such as 2026-01-28T12:00:00Z"),
    "datetime_object_invalid": ("time", "must be a time such as 2026-01-28T12:00:00Z"),
    "timezone_naive": ("timezone", "must not have a time zone"),
    "timezone_aware": ("timezone", "must have a time zone, such as Z or +02:00"),
    "datetime_past": ("past", "must be in the past"),
    "datetime_future": ("future", "must be in the future"),
    "uuid_type": ("format", "must be a UUID"),
    "uuid_parsing": ("format", "must be a UUID"),
    "url_type": ("url", "must be an address"),
    "url_parsing": ("url", "must be an address"),
    "url_scheme": ("url", "must begin with {expected_schemes}"),
    "json_invalid": ("json", "must be JSON"),
    "none_required": ("type", "must be null"),
}
OTHER: Final = ("value", "is not valid here")
# raised by Tocsin's own validators, with their own messages
OUR_OWN: Final = frozenset({"value_error", "assertion_error"})


# Suffixes that pydantic adds to the location of a field of a union type.
_KINDS: Final = frozenset({"str", "int", "float", "bool"})
Place = tuple[str | int, ...]


def field_faults(errors: Sequence[Mapping[str, Any]], name: Callable[[Place], str]) -> list[FieldFault]:
    """Return one fault per field, called `name(place)`, though a union type has an error for each type."""
    kinds = Counter(error["loc"][:-1] for error in errors if error["loc"][-1] in _KINDS)
    found: dict[Place, list[Mapping[str, Any]]] = {}
    for error in errors:
        place = error["loc"]
        is_kind = place[-1] in _KINDS and kinds[place[:-1]] > 1
        found.setdefault(place[:-1] if is_kind else place, []).append(error)
    return [_joined([field_fault(name(place), error) for error in of]) for place, of in found.items()]


def _joined(faults: Sequence[FieldFault]) -> FieldFault:
    words = ", or ".join(dict.fromkeys(fault.message for fault in faults))
    return FieldFault(faults[0].field, faults[0].rule, words)


def field_fault(field: str, error: Mapping[str, Any]) -> FieldFault:
    """Return the fault of one field as the API reports it."""
    kind = str(error["type"])
    context = error.get("ctx") or {}
    if kind in OUR_OWN:
        text = str(context.get("error", "")) or str(error["msg"]).partition(", ")[2]
        return FieldFault(field, OTHER[0], text or OTHER[1])
    rule, words = WORDS.get(kind, OTHER)
    try:
        return FieldFault(field, rule, words.format(**context).replace("'", "`"))
    except KeyError:  # an error without the value that its message needs
        return FieldFault(field, rule, OTHER[1])
