"""The course of the exercise: the service fails, Tocsin acts, verifies and resolves, a person responds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from accounts.actor import system_actor
from config.drill.receivers import Inbox
from config.drill.supervisor import ServiceSupervisor
from config.drill.world import ACTION, SERVICE
from core.errors import NotFound
from incidents.drills.score import Measure, Verdict
from incidents.drills.selectors import score_of
from incidents.selectors import incident_for
from tocsin.client import Client

STEP_WITHIN_S: Final = 60.0
T = TypeVar("T")


class MissedError(Exception):
    """A step did not happen in time; the message is what was seen instead."""


@dataclass(frozen=True)
class Step:
    """What was expected, whether it happened, and after how many seconds from the failure."""

    title: str
    is_done: bool
    after_s: float
    detail: str = ""


@dataclass
class Exercise:
    """`run` goes through the steps until one is missed. `pause` is called between two looks."""

    workspace_id: int
    client: Client
    service: ServiceSupervisor
    inbox: Inbox
    pause: Callable[[], None]
    say: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)
    began: float = 0.0

    def run(self) -> bool:
        """Whether every step happened."""
        self.began = time.monotonic()
        try:
            self._respond(self._detected())
            self._recovered()
            self._kept_apart()
        except MissedError as missed:
            self._note(str(missed.args[0]), is_done=False, detail=str(missed.args[1]))
            return False
        return True

    def score(self) -> Sequence[Measure]:
        """The score card of the incident; empty when none was opened."""
        try:
            return score_of(incident_for(system_actor(self.workspace_id), 1))
        except NotFound:
            return ()

    def _detected(self) -> dict[str, Any]:
        self.service.break_it()
        self._note("The service fails and sends events")
        opened = self._until("Exactly one incident opens", self._incident)
        if not opened["is_drill"] or opened["incident_type"] != "service_down":
            raise MissedError("It is a drill of type service_down", opened["incident_type"])
        self._until("Slack is told", lambda: [text for text in self.inbox.slack if "[DRILL]" in text])
        self._until("PagerDuty has an alert", lambda: "triggered" in self.inbox.pagerduty)
        self._until("A mail arrives", lambda: [one for one in self.inbox.mails if "[DRILL]" in one])
        return opened

    def _respond(self, incident: dict[str, Any]) -> None:
        reference = incident["incident_id"]
        self.client.post(f"/incidents/{reference}/acknowledge", {})
        self._note("A person acknowledges")
        self.client.post(f"/incidents/{reference}/updates", {"message": "Checkout fails; we look into it."})
        self._note("A person writes the first update")

    def _recovered(self) -> None:
        self._until(
            "The restart starts by itself and runs", self._run_in("running", "verifying", "succeeded")
        )
        self._until("The service was restarted once", lambda: self.service.restarts == 1)
        self._until("Three health checks verify it", self._run_in("succeeded"))
        self._until("The incident is resolved", lambda: (self._incident() or {}).get("status") == "resolved")
        self._until("PagerDuty's alert is resolved", lambda: "resolved" in self.inbox.pagerduty)

    def _kept_apart(self) -> None:
        figures = self.client.get("/analytics")
        if figures["drills_left_out"] != 1 or self.inbox.strays or self.service.restarts != 1:
            raise MissedError("Statistics and other channels know nothing of it", f"{self.inbox.strays}")
        self._note("Statistics and other channels know nothing of it")

    def _incident(self) -> dict[str, Any] | None:
        found = self.client.get("/incidents")
        if len(found) > 1:
            raise MissedError("Exactly one incident opens", f"{len(found)} incidents")
        return found[0] if found else None

    def _run_in(self, *states: str) -> Callable[[], bool]:
        def look() -> bool:
            runs = self.client.get("/incidents/INC-1/runs")
            mine = [one for one in runs if one["action"] == ACTION and one["target"] == SERVICE]
            if any(one["state"] in {"failed", "unknown", "void"} for one in mine):
                raise MissedError("The restart succeeds", f"{mine[0]['state']}: {mine[0]['reason']}")
            return any(one["state"] in states for one in mine)

        return look

    def _until(self, title: str, look: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + STEP_WITHIN_S
        while True:
            if seen := look():
                self._note(title)
                return seen
            if time.monotonic() > deadline:
                raise MissedError(title, f"not within {STEP_WITHIN_S:.0f} s")
            self.pause()

    def _note(self, title: str, *, is_done: bool = True, detail: str = "") -> None:
        step = Step(title, is_done, time.monotonic() - self.began, detail)
        self.steps.append(step)
        self.say(step)


def is_met(card: Sequence[Measure]) -> bool:
    """Whether there is a score and every measure of it was met."""
    return bool(card) and all(one.verdict == Verdict.MET for one in card)
