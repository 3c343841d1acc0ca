"""Steps of the drill: a service is restarted, a rollback approved, a worker killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from accounts.actor import system_actor
from config.drill.browser import Browser
from config.drill.receivers import Receivers
from config.drill.supervisor import ServiceSupervisor
from config.drill.world import ACTION, OTHER, ROLLBACK, SERVICE, SILENT, connect_risky
from core.errors import NotFound
from incidents.drills.score import Measure, Verdict
from incidents.drills.selectors import score_of
from incidents.selectors import incident_for
from tocsin.client import Client

STEP_WITHIN_S: Final = 90.0
_BAD: Final = {"failed", "unknown", "void"}
T = TypeVar("T")


class MissedError(Exception):
    """A step did not happen in time; the message is what was observed instead."""


@dataclass(frozen=True)
class Step:
    """What was expected, whether it happened, and how many seconds after the failure."""

    title: str
    is_done: bool
    after_s: float
    detail: str = ""


@dataclass
class Exercise:
    """The drill: `run` goes through the steps until one fails. `pause` is called between two checks.

    `manager` is the browser of a manager; `kill_worker` kills the worker that executes runs.
    """

    workspace_id: int
    client: Client
    service: ServiceSupervisor
    receivers: Receivers
    manager: Browser
    kill_worker: Callable[[], None]
    pause: Callable[[], None]
    say: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)
    began: float = 0.0

    def run(self) -> bool:
        """Return whether every step happened."""
        self.began = time.monotonic()
        try:
            self._respond(self._detected())
            self._recovered()
            self._is_isolated()
            connect_risky(self.workspace_id, self.receivers.silent_url)
            lost = self._worker_lost()
            self._approved_by_a_person()
            self._end_without_outcome(*lost)
        except MissedError as missed:
            self._note(str(missed.args[0]), is_done=False, detail=str(missed.args[1]))
            return False
        return True

    def score(self) -> Sequence[Measure]:
        """Return the score card of the incident; empty when none was opened."""
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
        inbox = self.receivers.inbox
        self._until("Slack is notified", lambda: [text for text in inbox.slack if "[DRILL]" in text])
        self._until("PagerDuty has an alert", lambda: "triggered" in inbox.pagerduty)
        self._until("A mail arrives", lambda: [one for one in inbox.mails if "[DRILL]" in one])
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
        self._until("PagerDuty's alert is resolved", lambda: "resolved" in self.receivers.inbox.pagerduty)

    def _is_isolated(self) -> None:
        figures = self.client.get("/analytics")
        if figures["drills_left_out"] != 1 or self.receivers.inbox.strays or self.service.restarts != 1:
            raise MissedError(
                "Statistics and other channels know nothing of it", f"{self.receivers.inbox.strays}"
            )
        self._note("Statistics and other channels know nothing of it")

    def _approved_by_a_person(self) -> None:
        """Run part three: the action is of medium risk, so a manager approves it on its page."""
        self.service.break_it(signal.SIGUSR2)
        self._note("A new version of the service lowers its quality")
        self._until("Another incident opens", lambda: self._newest()["incident_type"] == "quality_drop")
        run = self._until("Tocsin requests the approval of a rollback", self._run_of(ROLLBACK))
        if run["state"] != "awaiting_approval" or self.service.rollbacks > 0:
            raise MissedError("The rollback waits for its approval", run["state"])
        where = f"/remediation/runs/{run['id']}"
        page = self.manager.page(where)
        if "Dry run" not in page or run["digest"] not in page:
            raise MissedError("The page shows what is approved", "no dry run or digest")
        self.manager.send(page, f"{where}/approve", note="The version before was fine.")
        self._note("A manager reads the dry run and approves it")
        self._until("The rollback is carried out and verified", self._run_of(ROLLBACK, "succeeded"))
        self._until("That incident is resolved", lambda: self._newest()["status"] == "resolved")
        if self.service.rollbacks != 1:
            raise MissedError("The service was rolled back once", f"{self.service.rollbacks} times")

    def _worker_lost(self) -> tuple[str, int]:
        """Begin part two: a worker dies while it waits for a reply. Returns incident and run."""
        given = {"title": "Reports are late", "severity": "sev3", "components": [OTHER]}
        reference = self.client.post("/incidents", given)["incident_id"]
        run = self.client.post(f"/incidents/{reference}/runs", {"action": SILENT, "component": OTHER})
        inbox = self.receivers.inbox
        self._until("The request of a second run arrives and gets no reply", lambda: inbox.held)
        self.kill_worker()
        self._note("Its worker is killed")
        return reference, run["id"]

    def _end_without_outcome(self, reference: str, run_id: int) -> None:
        """End part two, once the lease of the killed worker has expired."""
        self._until("The run is unknown, not failed", self._run_of(SILENT, "unknown", reference=reference))
        where = f"/remediation/runs/{run_id}"
        page = self.manager.page(where)
        if "Unknown: check manually" not in page:
            raise MissedError("The page says that the outcome is unknown", "it does not")
        self.manager.send(page, f"{where}/outcome", outcome="succeeded", note="The cache is empty.")
        self._until(
            "A person looked and says what happened", self._run_of(SILENT, "succeeded", reference=reference)
        )
        if self.receivers.inbox.held != [OTHER]:
            raise MissedError("The request was sent once", f"{len(self.receivers.inbox.held)} times")

    def _newest(self) -> dict[str, Any]:
        newest: dict[str, Any] = max(self.client.get("/incidents"), key=lambda one: one["number"])
        return newest

    def _run_of(self, action: str, *states: str, reference: str = "") -> Callable[[], dict[str, Any] | None]:
        """Return the run of an action once it is in one of the states; by default of the newest incident."""

        def look() -> dict[str, Any] | None:
            runs = self.client.get(f"/incidents/{reference or self._newest()['incident_id']}/runs")
            mine = next((one for one in runs if one["action"] == action), None)
            if mine and mine["state"] in _BAD - set(states):
                raise MissedError(f"{action} goes well", f"{mine['state']}: {mine['reason']}")
            return mine if mine and (not states or mine["state"] in states) else None

        return look

    def _incident(self) -> dict[str, Any] | None:
        found = self.client.get("/incidents")
        if len(found) > 1:
            raise MissedError("Exactly one incident opens", f"{len(found)} incidents")
        return found[0] if found else None

    def _run_in(self, *states: str) -> Callable[[], bool]:
        def look() -> bool:
            runs = self.client.get("/incidents/INC-1/runs")
            mine = [one for one in runs if one["action"] == ACTION and one["target"] == SERVICE]
            if any(one["state"] in _BAD for one in mine):
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
    """Return whether there is a score and every measure of it was met."""
    return bool(card) and all(one.verdict == Verdict.MET for one in card)
