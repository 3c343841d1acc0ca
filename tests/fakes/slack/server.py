"""The fake Slack on a loopback socket: tokens, scopes, faults on demand, rate limits, signed requests."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.fakes.receiver import Received, Receiver, Reply, running
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.sockets import SocketServer
from tests.fakes.slack.state import RefusedError, Slack, method_of

TOKEN = "xoxb-fake-token"
APP_TOKEN = "xapp-1-A0APP-fake"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
MAX_USES = 5
SCOPES = {
    "conversations.create": "channels:manage", "conversations.archive": "channels:manage",
    "conversations.setTopic": "channels:manage", "conversations.invite": "channels:manage",
    "conversations.setPurpose": "channels:manage", "conversations.info": "channels:read",
    "conversations.kick": "groups:write",  # of private channels, the only ones we remove people from
    "conversations.join": "channels:join", "conversations.list": "channels:read",
    "conversations.history": "channels:history",
    "chat.postMessage": "chat:write", "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write", "pins.add": "pins:write", "pins.list": "pins:read",
    "bookmarks.add": "bookmarks:write",
    "bookmarks.list": "bookmarks:read", "users.info": "users:read", "users.lookupByEmail": "users:read.email",
    "reactions.add": "reactions:write", "reactions.remove": "reactions:write",
    "reactions.get": "reactions:read", "pins.remove": "pins:write", "chat.delete": "chat:write",
    "conversations.members": "channels:read",
}  # fmt: skip
EVERY_SCOPE = (
    "bookmarks:read,bookmarks:write,channels:history,channels:join,channels:manage,channels:read,chat:write,"
    "commands,files:read,groups:history,groups:read,groups:write,pins:read,pins:write,reactions:read,reactions:write,"
    "users:read,users:read.email"
)


class FakeSlack:
    """Serves the Web API at `api_url`, collects what is sent to response addresses, and signs requests.

    `journal` has every call as (method, error or "ok"). Faults: `fail`, `drop` (before or after acting),
    `limit` (calls a window, then 429), `tiers` (the documented limits), `is_away` (503 for everything).
    """

    def __init__(self) -> None:
        self.slack = Slack()
        self.receiver = Receiver(self._respond)
        self.tokens: dict[str, str] = {TOKEN: "ok", APP_TOKEN: "ok"}
        self.scopes = EVERY_SCOPE.split(",")
        self.journal: list[tuple[str, str]] = []
        self.responses: list[dict[str, Any]] = []
        self.faults: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.limits: dict[str, int] = {}
        self.retry_after = 1
        self.tiers = Limits()
        self.is_away = False
        self.victim: Any = None
        self.sockets = SocketServer()
        self.others: dict[str, Slack] = {}
        self.file_faults = 0
        self.response_faults = 0
        self.uses: dict[str, int] = defaultdict(int)
        self.response_urls = 0

    @property
    def api_url(self) -> str:
        return f"{self.receiver.url}/api/"

    def another_team(self, team_id: str, name: str, token: str) -> Slack:
        """A second Slack team, which that token is of."""
        made = self.others[token] = Slack()
        made.team_id, made.name, self.tokens[token] = team_id, name, "ok"
        return made

    def fail(self, method: str, code: str, times: int = 1) -> None:
        """Fail the next calls of a method with an error; "500" is a status."""
        self.faults[method] += [("fail", code)] * times

    def drop(self, method: str, *, after: bool) -> None:
        """Reset the connection of the next call before or after it is carried out."""
        self.faults[method].append(("drop", "after" if after else "before"))

    def kill(self, method: str) -> None:
        """Kill the process `victim` when it next calls a method, once that is carried out."""
        self.faults[method].append(("kill", ""))

    def limit(self, method: str, calls: int) -> None:
        """Allow so many calls, then return 429 until `limits` is cleared."""
        self.limits[method] = calls

    def calls(self, method: str) -> list[str]:
        """The outcomes of a method's calls."""
        return [outcome for name, outcome in self.journal if name == method]

    def _respond(self, received: Received) -> Reply:
        if received.path.startswith("/response/"):
            return self._reply(received)
        if received.path.startswith("/files/"):
            return self._file(received)
        method = received.path.removeprefix("/api/").split("?")[0]
        fault, detail = self.faults[method].pop(0) if self.faults[method] else ("", "")
        if self.is_away and not fault:
            return self._faulty(method, "503")
        if (fault, detail) == ("drop", "before"):
            return self._dropped(method)
        reply = self._faulty(method, detail) if fault == "fail" else self._call(method, received)
        if fault == "kill" and self.victim is not None:
            self.victim.kill()  # after acting, before it gets the response
        return self._dropped(method) if fault == "drop" else reply

    def _reply(self, received: Received) -> Reply:
        """A response address is good five times; the next `response_faults` responses are 503."""
        if self.response_faults:
            self.response_faults -= 1
            return Reply(503)
        self.uses[received.path] += 1
        if self.uses[received.path] > MAX_USES:
            return Reply(404, b"used_url")
        self.responses.append(received.json())
        return Reply(body=b"ok")

    def _response_url(self) -> str:
        self.response_urls += 1
        return f"{self.receiver.url}/response/{self.response_urls}"

    def image(self, name: str, body: bytes) -> dict[str, Any]:
        """A file of a message, as Slack lists it."""
        self.slack.files[f"/files/{name}"] = body
        return {
            "id": "F0FILE", "name": name, "mimetype": "image/png",
            "url_private": f"{self.receiver.url}/files/{name}",
        }  # fmt: skip

    def _file(self, received: Received) -> Reply:
        """A private file; without the token it is a page to sign in, as Slack returns it."""
        if self.tokens.get(_token(received)) != "ok" or "files:read" not in self.scopes:
            return Reply(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
        if self.file_faults > 0:
            self.file_faults -= 1
            return Reply(503, b"try again")
        return Reply(body=self.slack.files[received.path], headers={"Content-Type": "image/png"})

    def _dropped(self, method: str) -> Reply:
        self.journal.append((method, "dropped"))
        return Reply(drops=True)

    def _faulty(self, method: str, code: str) -> Reply:
        self.journal.append((method, code))
        if code.isdecimal():
            return Reply(int(code), b"upstream error")
        return self._json({"ok": False, "error": code})

    def _call(self, method: str, received: Received) -> Reply:
        try:
            response = {"ok": True, **self._call_method(method, received)}
        except RefusedError as refused:
            response = {"ok": False, "error": refused.code, **refused.more}
        self.journal.append((method, str(response.get("error", "ok"))))
        if response.get("error") == "ratelimited":
            wait = response.get("retry_after", self.retry_after)
            return self._json(response, 429, {"Retry-After": str(wait)})
        return self._json(response)

    def _call_method(self, method: str, received: Received) -> dict[str, Any]:
        if method == "apps.connections.open":
            return self._connection(received)
        function = method_of(self.others.get(_token(received), self.slack), method)
        if function is None:
            raise RefusedError("unknown_method")
        if self.limits.get(method, 1) <= 0:
            raise RefusedError("ratelimited")
        if method in self.limits:
            self.limits[method] -= 1
        state = self.tokens.get(_token(received), "invalid_auth")
        if state != "ok":
            raise RefusedError(state)
        if (needed := SCOPES.get(method)) and needed not in self.scopes:
            raise RefusedError("missing_scope", needed=needed, provided=",".join(self.scopes))
        self.tiers.take(method, given := _arguments(received))
        return function(given)

    def _connection(self, received: Received) -> dict[str, Any]:
        """An address for Socket Mode; only an app-level token gets one."""
        token = _token(received)
        if not token.startswith("xapp-"):
            raise RefusedError("not_allowed_token_type")
        if (state := self.tokens.get(token, "invalid_auth")) != "ok":
            raise RefusedError(state)
        return {"url": self.sockets.ticket_url()}

    def _json(self, body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        given = {"Content-Type": "application/json", "X-OAuth-Scopes": ",".join(self.scopes)}
        return Reply(status, json.dumps(body).encode(), {**given, **(headers or {})})

    # What Slack sends.

    def command(
        self, text: str, user: str, channel: str = "C0ANY", **more: str
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a slash command."""
        form = {
            "command": "/incident", "text": text, "user_id": user, "channel_id": channel,
            "team_id": self.slack.team_id, "trigger_id": self.slack.trigger(user), "api_app_id": "A0APP",
            "response_url": self._response_url(), **more,
        }  # fmt: skip
        return self.signed(urlencode(form).encode(), "application/x-www-form-urlencoded")

    def interaction(self, kind: str, user: str, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a click, a shortcut or a submitted view."""
        payload = {
            "type": kind, "user": {"id": user, "team_id": self.slack.team_id},
            "team": {"id": self.slack.team_id}, "trigger_id": self.slack.trigger(user), "api_app_id": "A0APP",
            "response_url": self._response_url(), **more,
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self.signed(body, "application/x-www-form-urlencoded")

    def event(self, event: dict[str, Any], event_id: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of an event."""
        body = {
            "type": "event_callback", "team_id": self.slack.team_id, "api_app_id": "A0APP",
            "event_id": event_id, "event": event,
            "authorizations": [
                {"team_id": self.slack.team_id, "user_id": self.slack.bot_user_id, "is_bot": True}
            ],
        }  # fmt: skip
        return self.signed(json.dumps(body).encode(), "application/json")

    @staticmethod
    def signed(
        body: bytes, content_type: str, *, secret: str = SECRET, at: float | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """A body with the headers that sign it."""
        stamp = str(int(time.time() if at is None else at))
        digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return body, {
            "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}",
            "Content-Type": content_type,
        }  # fmt: skip


def _token(received: Received) -> str:
    return received.headers.get("authorization", "").removeprefix("Bearer ")


def _arguments(received: Received) -> dict[str, Any]:
    """Arguments as JSON or as a form, as Slack reads them."""
    if received.headers.get("content-type", "").startswith("application/json"):
        given: dict[str, Any] = json.loads(received.body or b"{}")
        return given
    return dict(parse_qsl(received.body.decode(), keep_blank_values=True))


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """A fake Slack that serves until the block ends."""
    fake = FakeSlack()
    try:
        with running(fake.receiver):
            yield fake
    finally:
        fake.sockets.close()
