"""A fake of PagerDuty's Events API v2: keys, limits and error codes, and alerts merged by dedup key."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.fakes.receiver import Received, Receiver, Reply

KEY = "0123456789abcdef0123456789abcdef"


class PagerDuty(Receiver):
    """`alerts`: dedup key -> state. `before` may return a reply instead of acting, `after` one after it."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, str] = {}
        self.events: list[dict[str, object]] = []
        self.start_over()

    def start_over(self) -> None:
        """No alerts, no faults."""
        self.reset(self.enqueue)
        self.alerts.clear()
        self.events.clear()
        self.before: Callable[[], Reply | None] = lambda: None
        self.after: Callable[[], Reply | None] = lambda: None

    def enqueue(self, received: Received) -> Reply:
        """POST /v2/enqueue."""
        if early := self.before():
            return early
        faults = self._faults(received)
        if faults:
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": faults}
            return Reply(400, json.dumps(body).encode())
        event = received.json()
        with self.lock:
            self.events.append(event)
            states = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
            self.alerts[event["dedup_key"]] = states[event["event_action"]]
        body = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return self.after() or Reply(202, json.dumps(body).encode())

    def _faults(self, received: Received) -> list[str]:
        if len(received.body) > 512_000:
            return ["body is too long"]
        event = received.json()
        faults = []
        if event.get("routing_key") != KEY:
            faults.append("'routing_key' is not valid")
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            faults.append("'event_action' is not valid")
        if len(event.get("dedup_key", "")) > 255:
            faults.append("'dedup_key' is too long")
        if event.get("event_action") == "trigger":
            payload = event.get("payload") or {}
            if not 1 <= len(payload.get("summary", "")) <= 1024:
                faults.append("'payload.summary' is missing or too long")
            if payload.get("severity") not in {"critical", "error", "warning", "info"}:
                faults.append("'payload.severity' is not valid")
            if not payload.get("source"):
                faults.append("'payload.source' is missing")
        return faults
