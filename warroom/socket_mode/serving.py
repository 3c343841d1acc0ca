"""Maintains Socket Mode connections: one per app-level token, replaced when silent."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from slack_sdk.errors import SlackApiError, SlackClientError

from warroom.connection.models import SlackTeam
from warroom.connection.services.team_state import note_socket_alive, note_socket_fault
from warroom.inbound.reconcile import reconcile_after_gap
from warroom.socket_mode.client import Socket
from warroom.socket_mode.teams import teams_by_app_token

log = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 5.0
# Pings are sent every five seconds; a connection without a pong for this long is dead.
MAX_SILENT_S: Final = 15.0


class Sockets:
    """The open connections by token."""

    def __init__(self, *, ping_every_s: float = LOOK_EVERY_S, max_silent_s: float = MAX_SILENT_S) -> None:
        self.ping_every_s, self.max_silent_s = ping_every_s, max_silent_s
        self.open: dict[str, Socket] = {}
        self.closing: list[Thread] = []

    def serve(self, stop: Event) -> None:
        """Maintain a connection per token until `stop` is set."""
        while not stop.is_set():
            try:
                self.look()
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is unavailable: %s", type(error).__name__)
            finally:
                connection.close()
            stop.wait(self.ping_every_s)
        self.close()

    def look(self) -> None:
        """Open missing connections, close unneeded ones, replace silent ones, and record their state."""
        wanted = teams_by_app_token()
        for token in [one for one in self.open if one not in wanted]:
            self._drop(token)
        for token, teams in wanted.items():
            socket = self.open.get(token)
            if socket is not None and socket.silent_s(time.time()) > self.max_silent_s:
                log.warning("a Slack connection fell silent and is replaced")
                self._drop(token)
                socket = None
            if socket is None:
                self._connect(token, teams)
            else:
                socket.teams = teams
                self._note(socket, teams)
        self.closing = [one for one in self.closing if one.is_alive()]

    def close(self) -> None:
        """Close all connections."""
        for token in list(self.open):
            self._drop(token)
        for thread in self.closing:
            thread.join()

    def _connect(self, token: str, teams: list[SlackTeam]) -> None:
        socket = Socket(token, teams, ping_every_s=self.ping_every_s)
        self.open[token] = socket
        try:
            socket.connect()
        except SlackApiError as error:
            self._failed(token, teams, f"Slack rejected the app-level token: {error.response.get('error')}.")
        except (OSError, SlackClientError) as error:
            self._failed(token, teams, f"Slack is unreachable: {type(error).__name__}.")

    def _failed(self, token: str, teams: list[SlackTeam], why: str) -> None:
        self._drop(token)
        for team in teams:
            note_socket_fault(team.workspace_id, team, why)

    @staticmethod
    def _note(socket: Socket, teams: list[SlackTeam]) -> None:
        if not socket.is_alive():
            return
        for team in teams:
            if note_socket_alive(team.workspace_id, team):
                reconcile_after_gap(team.workspace_id, team)

    def _drop(self, token: str) -> None:
        """Close in a thread: closing waits for running work of the connection."""
        thread = Thread(target=self.open.pop(token).close, daemon=True)
        thread.start()
        self.closing.append(thread)
