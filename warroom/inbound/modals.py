"""Builds Slack modals and parses their submissions. Their ids are stable. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from incidents.vocabulary import ResponseRole, Severity

DECLARE: Final = "tocsin_declare"
UPDATE: Final = "tocsin_update"
RESOLVE: Final = "tocsin_resolve"
ROLE: Final = "tocsin_role"
OF_VERB: Final = {"declare": DECLARE, "update": UPDATE, "resolve": RESOLVE, "role": ROLE}
MAX_INPUT_CHARS: Final = 3000
PUBLIC: Final = "public"


class ForeignFormError(Exception):
    """A modal without our metadata, which was not created here."""


def modal(
    callback_id: str, *, team_id: int, number: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """The view of a modal, with the incident and the version that the person saw."""
    title, submit, blocks = {
        DECLARE: ("Declare incident", "Declare", _declare()),
        UPDATE: ("Add update", "Post update", _update()),
        RESOLVE: ("Resolve incident", "Resolve", _resolve()),
        ROLE: ("Assign a role", "Assign", _role()),
    }[callback_id]
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps({"team": team_id, "number": number, "version": version}),
        "blocks": blocks,
    }


def entered(view: Mapping[str, Any]) -> dict[str, Any]:
    """Submitted values: field -> text, choice, person, or whether a box is checked."""
    values: dict[str, Any] = {}
    for field, elements in ((view.get("state") or {}).get("values") or {}).items():
        element: dict[str, Any] = next(iter(elements.values()), {})
        values[field] = _value(element)
    return values


def about(view: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Incident number and version of a modal. Raises ForeignFormError."""
    try:
        given = json.loads(view.get("private_metadata") or "{}")
    except (ValueError, RecursionError) as error:
        raise ForeignFormError("the form carries no JSON") from error
    if not isinstance(given, dict):
        raise ForeignFormError("the form carries no object")
    return _whole(given.get("number")), _whole(given.get("version"))


def _whole(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value
    raise ForeignFormError("the form carries no number of ours")


def team_in(view: Any) -> int | None:
    """Id of the connection that opened the modal, or None."""
    if not isinstance(view, Mapping) or view.get("callback_id") not in OF_VERB.values():
        return None
    try:
        found = json.loads(view.get("private_metadata") or "{}").get("team")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, int) else None


def first_field(view: Mapping[str, Any]) -> str:
    """The first field, which shows errors without a field."""
    fields = (view.get("state") or {}).get("values") or {}
    return next(iter(fields), "message")


def _value(element: Mapping[str, Any]) -> Any:
    kind = element.get("type")
    if kind == "static_select":
        return (element.get("selected_option") or {}).get("value") or ""
    if kind == "users_select":
        return element.get("selected_user") or ""
    if kind == "checkboxes":
        return [one["value"] for one in element.get("selected_options") or []]
    return element.get("value") or ""


def _declare() -> list[dict[str, Any]]:
    return [
        _text("title", "Title", limit=200),
        _select("severity", "Severity", [(one.value, one.label) for one in Severity], Severity.SEV3.value),
        _text("description", "Description", is_optional=True, is_long=True),
    ]


def _update() -> list[dict[str, Any]]:
    box = {
        "type": "checkboxes", "action_id": "public",
        "options": [{"text": _plain("Show on the public status page"), "value": PUBLIC}],
    }  # fmt: skip
    shown = {
        "type": "input", "block_id": "public", "optional": True, "label": _plain("Visibility"),
        "element": box,
    }  # fmt: skip
    return [_text("message", "Update", is_long=True), shown]


def _resolve() -> list[dict[str, Any]]:
    return [
        _text("message", "How it was resolved", is_optional=True, is_long=True),
        _text("root_cause", "Root cause", is_optional=True, is_long=True),
    ]


def _role() -> list[dict[str, Any]]:
    person = {
        "type": "input", "block_id": "person", "label": _plain("Person"),
        "element": {"type": "users_select", "action_id": "person"},
    }  # fmt: skip
    roles = [(one.value, one.label) for one in ResponseRole]
    return [_select("role", "Role", roles, ResponseRole.COMMANDER.value), person]


def _text(
    field: str, label: str, *, is_optional: bool = False, is_long: bool = False, limit: int = MAX_INPUT_CHARS
) -> dict[str, Any]:
    element = {
        "type": "plain_text_input", "action_id": field, "multiline": is_long, "max_length": limit,
    }  # fmt: skip
    return {
        "type": "input", "block_id": field, "optional": is_optional, "label": _plain(label),
        "element": element,
    }  # fmt: skip


def _select(field: str, label: str, choices: Iterable[tuple[str, str]], chosen: str) -> dict[str, Any]:
    options = [{"text": _plain(text), "value": value} for value, text in choices]
    initial = next(one for one in options if one["value"] == chosen)
    element = {
        "type": "static_select", "action_id": field, "options": options, "initial_option": initial,
    }  # fmt: skip
    return {"type": "input", "block_id": field, "label": _plain(label), "element": element}


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
