"""A Socket Mode connection: envelopes are handled like HTTP requests, and acknowledged once stored."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from warroom.connection.models import SlackTeam
from warroom.inbound.handling import InboundResponse, handle

THREADS: Final = 4
TIMEOUT_S: Final = 10
# The SDK logs envelopes, which hold messages of people.
_quiet = logging.getLogger("warroom.slack_sdk")
_quiet.setLevel(logging.CRITICAL + 1)
log = logging.getLogger(__name__)


class Socket:
    """A Socket Mode connection of the teams that share one app."""

    def __init__(self, token: str, teams: list[SlackTeam], *, ping_every_s: float) -> None:
        self.teams, self.opened_at = teams, time.time()
        web = WebClient(base_url=settings.SLACK_API_URL, timeout=TIMEOUT_S, retry_handlers=[], logger=_quiet)
        self.client = SocketModeClient(
            app_token=token, web_client=web, logger=_quiet, ping_interval=ping_every_s, concurrency=THREADS
        )
        self.client.socket_mode_request_listeners.append(self._receive)

    def connect(self) -> None:
        """Connect. Raises SlackApiError, SlackClientError, OSError."""
        self.client.connect_to_new_endpoint()

    def close(self) -> None:
        """Close it; Slack resends what was not acknowledged."""
        self.client.close()

    def is_alive(self) -> bool:
        """Whether Slack responded to a ping on the current connection."""
        session = self.client.current_session
        return session is not None and session.is_active() and session.last_ping_pong_time is not None

    def silent_s(self, now: float) -> float:
        """Seconds since Slack last responded to a ping, or since connecting."""
        session = self.client.current_session
        last = session.last_ping_pong_time if session is not None else None
        return now - max(last or 0.0, self.opened_at if last is None else 0.0)

    def _receive(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """Handle an envelope and acknowledge it; if storing fails, Slack resends it."""
        try:
            handled = handle(self.teams, request.payload, request.envelope_id)
        except (DatabaseError, InterfaceError) as error:
            log.warning("an envelope of Slack was not stored: %s", type(error).__name__)
            return
        finally:
            connection.close()
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id, _payload(handled)))


def _payload(handled: InboundResponse) -> dict[str, Any] | None:
    """Payload of the acknowledgement: the HTTP response body."""
    if not handled.body:
        return None
    if handled.content_type.startswith("application/json"):
        found: dict[str, Any] = json.loads(handled.body)
        return found
    return {"text": handled.body}
