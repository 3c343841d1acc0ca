"""A fake of Slack's incoming webhooks and chat.postMessage: plain text, and 200 with `ok: false`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.receiver import Received, Receiver, Reply

TOKEN = "xoxb-fake-token"
CHANNEL = "C0123456789"


class Slack(Receiver):
    """`posted`: the bodies taken. `fault`: returned instead when it is not None.

    `after`: returned after acting. `may_read`: whether the bot has the scope to read history.
    """

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[dict[str, Any]] = []
        self.start_over()

    def start_over(self) -> None:
        """Nothing posted, no faults."""
        self.reset(self.reply)
        self.posted.clear()
        self.fault: Callable[[], Reply | None] = lambda: None
        self.after: Callable[[], Reply | None] = lambda: None
        self.may_read = True

    def reply(self, received: Received) -> Reply:
        """POST /services/… or /api/chat.postMessage."""
        if fault := self.fault():
            return fault
        is_form = received.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        body = dict(parse_qsl(received.body.decode())) if is_form else received.json()
        if received.path.endswith("/conversations.history"):
            return self._history(body) if is_form else _api(error="invalid_arguments")
        if received.path.endswith("/conversations.open"):
            return _api(channel={"id": f"D{body['users'][1:]}"})
        error = _fault_of(body)
        if received.path.startswith("/services/"):
            return self._webhook(body, error)
        if received.headers.get("authorization") != f"Bearer {TOKEN}":
            return _api(error="invalid_auth")
        if body.get("channel", "")[:1] not in {"C", "U", "D"}:
            return _api(error="channel_not_found")
        if error:
            return _api(error=error)
        self.posted.append({**body, "ts": f"{time.time():.6f}"})
        return self.after() or _api(ts=self.posted[-1]["ts"], channel=body["channel"])

    def _history(self, params: dict[str, str]) -> Reply:
        if not self.may_read:
            return _api(error="missing_scope")
        found = [
            one
            for one in self.posted
            if _conversation(one["channel"]) == params["channel"]
            and float(one["ts"]) > float(params["oldest"])
        ]
        fields = (
            {"ts", "text", "metadata"} if params.get("include_all_metadata") == "true" else {"ts", "text"}
        )
        return _api(messages=[{k: v for k, v in one.items() if k in fields} for one in reversed(found)])

    def _webhook(self, body: dict[str, object], error: str) -> Reply:
        if error:
            return Reply(400, error.encode())
        self.posted.append(body)
        return Reply(200, b"ok")


def _conversation(channel: str) -> str:
    return f"D{channel[1:]}" if channel.startswith("U") else channel


def _fault_of(body: dict[str, object]) -> str:
    if not body.get("text") and not body.get("blocks"):
        return "no_text"
    for block in body.get("blocks") or []:
        text = (block.get("text") or {}).get("text", "x") if block["type"] in {"header", "section"} else "x"
        if not 1 <= len(text) <= (150 if block["type"] == "header" else 3000):
            return "invalid_blocks"
    return ""


def _api(**fields: object) -> Reply:
    return Reply(200, json.dumps({"ok": "error" not in fields, **fields}).encode())
