"""The Events API of the fake Slack: an unacknowledged event is sent again at once, after 1 and 5 minutes.

Time is the fake's own. An app that acknowledges less than 5 % of an hour's deliveries gets no more events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.server import FakeSlack

RETRY_AFTER_S = (0, 60, 300)
WINDOW_S = 3600
LEAST_ACKNOWLEDGED = 0.05
# Apps that get fewer events an hour are not switched off.
LEAST_EVENTS = 1000

Send = Callable[[tuple[bytes, dict[str, str]]], int]


@dataclass
class EventsApi:
    """Sends events by `send`, which returns a status; `outcomes`: when each delivery was tried, and how."""

    fake: FakeSlack
    send: Send
    now: float = 0.0
    is_enabled: bool = True
    least_events: int = LEAST_EVENTS
    waiting: list[tuple[float, int, str, dict[str, Any]]] = field(default_factory=list)
    outcomes: list[tuple[float, bool]] = field(default_factory=list)
    serial: int = 0

    def happens(self, event: dict[str, Any]) -> str:
        """Something happens; nothing is sent while the subscription is off. Returns the event's id."""
        self.serial += 1
        event_id = f"EvFake{self.serial}"
        if self.is_enabled:
            self._try(event_id, event, 0)
        return event_id

    def pass_time(self, seconds: float) -> None:
        """Let time pass and send what is due again."""
        self.now += seconds
        due = sorted((one for one in self.waiting if one[0] <= self.now), key=lambda one: one[:2])
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for _, attempt, event_id, event in due:
            if self.is_enabled:
                self._try(event_id, event, attempt)

    def _try(self, event_id: str, event: dict[str, Any], attempt: int) -> None:
        body, headers = self.fake.event(event, event_id)
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_error"}
        is_taken = self.send((body, headers)) == 200
        self.outcomes.append((self.now, is_taken))
        self._disable_if_failing()
        if is_taken or attempt >= len(RETRY_AFTER_S) or not self.is_enabled:
            return
        if RETRY_AFTER_S[attempt] == 0:
            self._try(event_id, event, attempt + 1)
        else:
            self.waiting.append((self.now + RETRY_AFTER_S[attempt], attempt + 1, event_id, event))

    def _disable_if_failing(self) -> None:
        recent = [taken for at, taken in self.outcomes if at > self.now - WINDOW_S]
        if len(recent) >= self.least_events and sum(recent) < LEAST_ACKNOWLEDGED * len(recent):
            self.is_enabled = False
