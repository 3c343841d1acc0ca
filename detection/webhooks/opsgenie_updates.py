"""Updates of existing alerts in Opsgenie's Alert API: notes, tags, snoozing, message, priority. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid, NotFound
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Remark
from detection.webhooks.values import line, prose, severity_of
from incidents.vocabulary import Severity

PRIORITIES: Final = {
    "p1": Severity.SEV1,
    "p2": Severity.SEV2,
    "p3": Severity.SEV3,
    "p4": Severity.SEV4,
    "p5": Severity.SEV4,
}
# Action after an alert's identifier, and its text in the timeline.
WORDS: Final = {
    "notes": "note",
    "unacknowledge": "not acknowledged any more",
    "snooze": "snoozed",
    "assign": "assigned",
    "escalate": "escalated",
    "tags": "tags",
    "details": "details",
    "responders": "responders",
    "teams": "teams",
    "actions": "action",
    "message": "message",
    "description": "description",
    "priority": "priority",
    "acknowledge": "",
    "close": "",
    "attachments": "attachment",
}
ALIAS_LENGTH: Final = 512
MAX_REMARK_CHARS: Final = 2000


def split_path(path: str) -> tuple[str, str]:
    """Split `<identifier>/<action>`; `.../actions/<name>` is `actions`; else the path and ""."""
    identifier, _, last = path.rpartition("/")
    if last in WORDS and identifier:
        return identifier, last
    before, _, middle = identifier.rpartition("/")
    if middle in ("actions", "tags", "details", "responders") and before:
        return before, middle
    return path, ""


def remark_of(identifier: str, action: str, request: WebhookRequest, body: Mapping[str, Any]) -> Remark:
    """Return an update as a line for the timeline. Raises NotFound for an unknown action, Invalid."""
    if action not in WORDS:
        raise NotFound("There is no such action on an alert. Nothing was stored.")
    if action == "priority":
        return _priority(identifier, body)
    text = _text(action, request, body)
    if action in ("notes", "message", "description") and not text:
        field = "note" if action == "notes" else action
        fault = FieldFault(field, "required", f"{field.capitalize()} can not be empty.")
        raise Invalid("Request body is not processable. Please check the errors.", faults=[fault])
    message = f"{WORDS[action]}: {text}" if text else WORDS[action]
    return Remark(line(identifier, ALIAS_LENGTH), message[:MAX_REMARK_CHARS])


def _priority(identifier: str, body: Mapping[str, Any]) -> Remark:
    word = line(body.get("priority"))
    if word.lower() not in PRIORITIES:
        fault = FieldFault("priority", "choice", "Priority should be one of [P1, P2, P3, P4, P5].")
        raise Invalid("Request body is not processable. Please check the errors.", faults=[fault])
    severity = severity_of(word, PRIORITIES)
    return Remark(line(identifier, ALIAS_LENGTH), f"priority: {word.upper()}", severity)


def _text(action: str, request: WebhookRequest, body: Mapping[str, Any]) -> str:
    """Return the body's note or text, else its values in a line."""
    own = prose(body.get("note")) or prose(body.get(action))
    if own:
        user = line(body.get("user"))
        return f"{own} ({user})" if user and action == "notes" else own
    values = {**request.query, **body}
    pairs = [
        f"{name} {_plain(value)}" for name, value in values.items() if name not in _ASIDE and _plain(value)
    ]
    return ", ".join(pairs)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(filter(None, map(_plain, value)))
    if isinstance(value, Mapping):
        return " ".join(f"{line(name)}={_plain(item)}" for name, item in value.items())
    return line(value)


_ASIDE: Final = frozenset({"identifierType", "user", "source"})
