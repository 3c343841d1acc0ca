"""What a run needs before it may act: its risk, how many approvals by whom, for how long. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from accounts.models import Role
from incidents.vocabulary import Severity
from remediation.vocabulary import RISK_RANK, BreakerState, Risk

EXPIRY: Final = {
    Risk.LOW: timedelta(minutes=15),
    Risk.MEDIUM: timedelta(minutes=15),
    Risk.HIGH: timedelta(minutes=30),
}
SENSITIVE_TIER: Final = 2  # components of tier 1 and 2 make a low risk medium
BREAKER_WINDOW: Final = 5
BREAKER_FAILURES: Final = 3
RECURS_WITHIN: Final = timedelta(minutes=30)  # an incident so soon after a run means that it did not help
BREAKER_RETRY_AFTER: Final = timedelta(minutes=60)
AUTOMATIC_RUNS_AN_HOUR: Final = 10


def run_risk(action: Risk, target_tier: int | None) -> Risk:
    """The larger of the action's risk and its target's: tier 1 and 2 are at least medium."""
    target = Risk.MEDIUM if target_tier is not None and target_tier <= SENSITIVE_TIER else Risk.LOW
    return max(action, target, key=RISK_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who approved, as they stood at that moment."""

    user_id: int
    role: Role
    is_on_call: bool


def is_manager(role: Role) -> bool:
    """Whether the role may approve high risk."""
    return role in (Role.MANAGER, Role.ADMIN)


def missing_approval(
    risk: Risk, approvers: Sequence[Approver], requested_by: int | None, *, anyone_on_call: bool
) -> str:
    """What is still missing before the run may start, as a sentence; empty when nothing is.

    Low: nothing. Medium: one person on call, or a manager where no shift is on. High: a manager who did not
    request it; proposed by Tocsin, it takes two approvers.
    """
    if risk == Risk.LOW:
        return ""
    if risk == Risk.MEDIUM:
        fits = any(a.is_on_call or (not anyone_on_call and is_manager(a.role)) for a in approvers)
        return (
            ""
            if fits
            else f"Needs the approval of {'the person on call' if anyone_on_call else 'a manager'}."
        )
    others = {a.user_id: a for a in approvers if a.user_id != requested_by}
    if not any(is_manager(a.role) for a in others.values()):
        return "Needs the approval of a manager who did not request it."
    if requested_by is None and len(others) < 2:
        return "Needs a second approver: Tocsin proposed it, so two people approve."
    return ""


def refusal(risk: Risk, approver: Approver, requested_by: int | None, *, anyone_on_call: bool) -> str:
    """Why this person may not approve the run, as a sentence; empty when they may."""
    if risk == Risk.HIGH and approver.user_id == requested_by:
        return "You requested it: at high risk another person approves."
    if risk == Risk.MEDIUM and not approver.is_on_call:
        if anyone_on_call:
            return "At medium risk the person on call approves."
        if not is_manager(approver.role):
            return "No shift is on, so a manager approves."
    if risk == Risk.HIGH and requested_by is not None and not is_manager(approver.role):
        return "At high risk a manager approves."
    return ""


def automatic_actions(severity: Severity, actions: Sequence[tuple[str, Risk]]) -> list[str]:
    """Which actions of a scenario Tocsin takes up by itself: slugs with their risk here -> slugs, in order.

    The safe ones always. At sev1 the risky ones too, whose approvals are asked for at once; at other
    severities approval is asked for only where no safe action is available, and then for the first.
    """
    safe = [slug for slug, risk in actions if risk == Risk.LOW]
    if severity == Severity.SEV1:
        return [slug for slug, _ in actions]
    return safe or [slug for slug, _ in actions[:1]]


def breaker_opens(recent: Sequence[bool]) -> bool:
    """Whether the last runs (newest first; True: it went well) are bad enough to stop automatic runs."""
    window = recent[:BREAKER_WINDOW]
    return sum(not well for well in window) >= BREAKER_FAILURES


def breaker_lets_one_try(state: BreakerState, opened_at: datetime | None, now: datetime) -> bool:
    """Whether one automatic run may try the action again: a person said so, or an hour passed."""
    if state == BreakerState.OPEN:
        return opened_at is not None and now >= opened_at + BREAKER_RETRY_AFTER
    return state == BreakerState.HALF_OPEN
