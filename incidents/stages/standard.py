"""Default checklist and planned minutes of each stage. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from incidents.vocabulary import Stage

Kind = Literal["action", "check", "exit"]
STATUS_WORDS: Final[Mapping[Stage, str]] = {
    Stage.ASSESSMENT: "assessing", Stage.CONTAINMENT: "containing", Stage.INVESTIGATION: "investigating",
    Stage.REMEDIATION: "remediating", Stage.RECOVERY: "recovering", Stage.DONE: "done",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist: an action to take, a check to make, or an exit criterion of the stage."""

    text: str
    kind: Kind = "action"
    is_required: bool = False
    criterion: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Checklist of one stage, and its planned minutes."""

    from_minutes: int
    to_minutes: int
    items: tuple[Item, ...]


def _items(kind: Kind, *texts: str) -> tuple[Item, ...]:
    return tuple(Item(text, kind) for text in texts)


STANDARD: Final[Mapping[Stage, Plan]] = {
    Stage.ASSESSMENT: Plan(0, 5, _items(
        "action",
        "Receive incident detection", "Identify affected components", "Assess severity level",
        "Initial impact analysis", "Determine response team",
    )),
    Stage.CONTAINMENT: Plan(0, 15, _items(
        "action",
        "Execute safe auto-remediation actions", "Isolate affected components if necessary",
        "Scale up resources if needed", "Clear caches if applicable", "Implement circuit breakers",
    )),
    Stage.INVESTIGATION: Plan(5, 30, _items(
        "action",
        "Generate event timeline", "Analyze error patterns", "Review recent deployments",
        "Check system metrics", "Review logs and traces", "Identify contributing factors",
    ) + _items(
        "check",
        "Review recent deployments", "Check system metrics (CPU, memory, disk)",
        "Analyze database performance", "Review application logs", "Check network connectivity",
        "Verify external dependencies", "Review rate limiting status",
    )),
    Stage.REMEDIATION: Plan(15, 60, _items(
        "action",
        "Implement recommended fixes", "Apply patches or configuration changes", "Rollback if necessary",
        "Restart affected services", "Verify fix is working",
    )),
    Stage.RECOVERY: Plan(5, 15, _items(
        "action",
        "Monitor system metrics", "Verify health checks pass", "Test critical functionality",
        "Monitor error rates", "Confirm user impact resolved",
    ) + _items(
        "check",
        "Error rates back to normal", "Health checks passing", "Response times normal",
        "No user complaints", "Metrics stable for 5 minutes",
    ) + (
        Item("All health checks passing", "exit", criterion="health_checks"),
        Item("Error rate < 1% for 5 minutes", "exit", criterion="error_rate"),
        Item("Response times within SLA", "exit", criterion="response_times"),
        Item("No new incidents detected", "exit", criterion="no_new_incidents"),
    )),
    Stage.DONE: Plan(0, 0, ()),
}  # fmt: skip
