"""Client of Slack's Web API: one attempt per call, failures map to four errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from core.queue.retry import parse_retry_after
from warroom.connection.models import SlackTeam
from warroom.connection.services.team_state import (
    note_missing_permission,
    note_revoked,
    pause_method,
    paused_for_s,
)
from warroom.slack.errors import (
    HINTS,
    NOT_ALLOWED,
    REVOKED,
    UNKNOWN_OUTCOME,
    SlackBusyError,
    SlackRefusedError,
    SlackRevokedError,
    SlackUnknownError,
)

DEFAULT_TIMEOUT_S: Final = 10
DEFAULT_WAIT_S: Final = 30.0
# Work on rooms is limited by the minute: asking again for each call that becomes free is refused each time.
WORK_ON_ROOMS: Final = ("conversations.", "bookmarks.", "pins.")
LEAST_WAIT_S: Final = 20.0
# These methods accept form-encoded arguments only.
FORM_METHODS: Final = frozenset(
    {
        "auth.test",
        "users.info",
        "users.lookupByEmail",
        "conversations.list",
        "conversations.history",
        "conversations.info",
        "conversations.replies",
        "pins.list",
    }
)


def call(
    team: SlackTeam, method: str, *, timeout_s: int = DEFAULT_TIMEOUT_S, **arguments: Any
) -> dict[str, Any]:
    """Call a method once and return its response; releases the database connection meanwhile.

    Raises SlackRefusedError (final), SlackBusyError (rate limit), SlackUnknownError (lost response) and
    SlackRevokedError (the token).
    """
    refuse_while_waiting(team, method)
    if not connection.in_atomic_block:
        connection.close()
    client = WebClient(
        token=team.token, base_url=settings.SLACK_API_URL, timeout=timeout_s, retry_handlers=[]
    )
    given: dict[str, Any] = {"data" if method in FORM_METHODS else "json": arguments}
    try:
        response = client.api_call(method, **given)
    except SlackApiError as error:
        raise _failure(team, method, error) from None
    except OSError as error:
        raise SlackUnknownError(f"Slack did not respond to {method}: {type(error).__name__}") from None
    _, headers, body = _parts(response)
    return {**body, "_scopes": headers.get("x-oauth-scopes", "")}


def refuse_while_waiting(team: SlackTeam, method: str) -> None:
    """Raise SlackRevokedError or SlackBusyError if a call cannot succeed now."""
    if team.state == SlackTeam.State.REVOKED and method != "auth.test":
        raise SlackRevokedError(team.reason or "The token was rejected.")
    if left := paused_for_s(team.workspace_id, team, method):
        raise SlackBusyError(f"Slack asked to wait before {method}", left)


def _failure(team: SlackTeam, method: str, error: SlackApiError) -> Exception:
    status, headers, body = _parts(error.response)
    code = str(body.get("error") or f"http_{status}")
    if status == 429 or code in ("ratelimited", "rate_limited"):
        given = parse_retry_after(str(headers.get("retry-after", "")), timezone.now())
        wait = DEFAULT_WAIT_S if given is None else given
        if method.startswith(WORK_ON_ROOMS):
            wait = max(wait, LEAST_WAIT_S)
        pause_method(team.workspace_id, team, method, wait)
        return SlackBusyError(HINTS["ratelimited"], wait)
    if status >= 500 or code in UNKNOWN_OUTCOME:
        return SlackUnknownError(f"Slack returned {code} for {method}")
    if code in REVOKED:
        note_revoked(team.workspace_id, team, HINTS.get(code, code))
        return SlackRevokedError(HINTS.get(code, f"Slack returned {code}."))
    refused = SlackRefusedError(method, code, str(body.get("needed") or ""))
    if code in NOT_ALLOWED:
        note_missing_permission(team.workspace_id, team, refused.hint)
    return refused


def _parts(response: Any) -> tuple[int, Mapping[str, str], Mapping[str, Any]]:
    """Status, headers and body of a response; the SDK returns a plain dict if it is not JSON."""
    if isinstance(response, dict):
        headers = response.get("headers") or {}
        return int(response.get("status") or 0), {k.lower(): v for k, v in headers.items()}, {}
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    return response.status_code, headers, response.data if isinstance(response.data, dict) else {}
