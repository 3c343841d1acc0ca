"""Slack's incoming webhooks and chat.postMessage as they answer: plain words and 200 with `ok: false`."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.fakes.receiver import Received, Receiver, Reply

TOKEN = "xoxb-fake-token"
CHANNEL = "C0123456789"


class Slack(Receiver):
    """`posted`: the bodies taken. `fault`: returned instead when it is not None."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[dict[str, object]] = []
        self.start_over()

    def start_over(self) -> None:
        """Nothing posted, no faults."""
        self.reset(self.answer)
        self.posted.clear()
        self.fault: Callable[[], Reply | None] = lambda: None

    def answer(self, received: Received) -> Reply:
        """POST /services/… or /api/chat.postMessage."""
        if fault := self.fault():
            return fault
        body = received.json()
        error = _fault_of(body)
        if received.path.startswith("/services/"):
            return self._webhook(body, error)
        if received.headers.get("authorization") != f"Bearer {TOKEN}":
            return _api(error="invalid_auth")
        if body.get("channel", "")[:1] not in {"C", "U", "D"}:
            return _api(error="channel_not_found")
        if error:
            return _api(error=error)
        self.posted.append(body)
        return _api(ts=f"1700000000.{len(self.posted):06d}", channel=body["channel"])

    def _webhook(self, body: dict[str, object], error: str) -> Reply:
        if error:
            return Reply(400, error.encode())
        self.posted.append(body)
        return Reply(200, b"ok")


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
