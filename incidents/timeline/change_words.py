"""Describes changes of an incident, with old and new values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incidents.vocabulary import IncidentType

MAX_VALUE: Final = 80  # characters of a value shown in a sentence
LABELS: Final[Mapping[str, str]] = {
    "incident_type": "Type", "root_cause": "Root cause", "users_impacted": "Users impacted",
    "is_private": "Private",
}  # fmt: skip
# Texts too long for a sentence.
LONG: Final = frozenset({"description", "impact", "root_cause", "metadata"})


def change_words(changes: Mapping[str, tuple[object, object]]) -> str:
    """Return one sentence per field: "Title: “Old” → “New”."; for long texts only that they changed."""
    return " ".join(_sentence(name, *pair) for name, pair in changes.items())


def _sentence(name: str, before: object, after: object) -> str:
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    if name in LONG:
        act = "added" if not before else "changed" if after else "removed"
        return f"{label} {act}."
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return f"{label}: {_labels(before, after)}."
    return f"{label}: {_value(name, before)} → {_value(name, after)}."


def _labels(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    added = [f"+{key}={after[key]}" for key in after if before.get(key) != after[key]]
    removed = [f"-{key}={before[key]}" for key in before if key not in after]
    return _fitted(", ".join([*added, *removed]))


def _value(name: str, value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "incident_type":
        return IncidentType(str(value)).label
    return f"“{_fitted(value)}”" if name == "title" else _fitted(str(value))


def _fitted(text: object) -> str:
    words = str(text)
    return words if len(words) <= MAX_VALUE else words[: MAX_VALUE - 1].rstrip() + "…"
