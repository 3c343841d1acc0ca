"""Parses the body of a verified request: JSON event, or form-encoded command or interaction. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from core.errors import Malformed
from core.http.strict_json import load

MAX_BODY_BYTES: Final = 262_144
MAX_FIELDS: Final = 60


def read_payload(body: bytes, content_type: str) -> dict[str, Any]:
    """Parse the payload. Raises Malformed, Invalid, TooLarge."""
    if content_type.split(";")[0].strip().lower() == "application/json":
        return _object(body)
    try:
        fields = dict(
            parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MAX_FIELDS)
        )
    except ValueError as error:
        raise Malformed("The body is not a form. Nothing was stored.") from error
    if not fields:
        raise Malformed("The body is empty. Nothing was stored.")
    if any("\0" in value for value in fields.values()):
        raise Malformed("A field has a NUL character. Nothing was stored.")
    return _object(fields["payload"].encode()) if "payload" in fields else dict(fields)


def team_id_in(payload: dict[str, Any]) -> str:
    """The Slack team id of a payload, or ""."""
    team = payload.get("team")
    inner = team.get("id") if isinstance(team, dict) else None
    return str(payload.get("team_id") or inner or "")


def user_id_in(payload: Mapping[str, Any]) -> str:
    """The Slack user id of a payload, for all kinds of payloads."""
    event = payload.get("event")
    about = event if isinstance(event, dict) else payload
    user = about.get("user_id") or about.get("user")
    return str((user.get("id") if isinstance(user, dict) else user) or "")


def channel_id_in(payload: dict[str, Any]) -> str:
    """The channel id of a payload, for all kinds of payloads."""
    event = payload.get("event")
    about = event if isinstance(event, dict) else payload
    item = about.get("item")
    for found in (
        about.get("channel_id"),
        about.get("channel"),
        item.get("channel") if isinstance(item, dict) else None,
    ):
        if isinstance(found, dict):
            return str(found.get("id") or "")
        if found:
            return str(found)
    return ""


def _object(body: bytes) -> dict[str, Any]:
    value = load(body, limit=MAX_BODY_BYTES)
    if not isinstance(value, dict):
        raise Malformed("The body must be an object. Nothing was stored.")
    return value
