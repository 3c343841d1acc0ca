"""Approval policy of runs: risk, required approvals and validity; and the circuit breaker. Pure."""

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
SENSITIVE_TIER: Final = 2  # components of tier 1 and 2 raise low risk to medium
BREAKER_WINDOW: Final = 5
BREAKER_FAILURES: Final = 3
RECURS_WITHIN: Final = timedelta(minutes=30)  # an incident this soon after a run means that it did not help
BREAKER_RETRY_AFTER: Final = timedelta(minutes=60)
AUTOMATIC_RUNS_AN_HOUR: Final = 10


def run_risk(action: Risk, target_tier: int | None) -> Risk:
    """The higher of the action's risk and the target's: tier 1 and 2 are at least medium."""
    target = Risk.MEDIUM if target_tier is not None and target_tier <= SENSITIVE_TIER else Risk.LOW
    return max(action, target, key=RISK_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class Approver:
    """An approver, with their role and on-call status at that time."""

    user_id: int
    role: Role
    is_on_call: bool


def is_manager(role: Role) -> bool:
    """Whether the role may approve high risk."""
    return role in (Role.MANAGER, Role.ADMIN)


def missing_approval(
    risk: Risk, approvers: Sequence[Approver], requested_by: int | None, *, anyone_on_call: bool
) -> str:
    """The missing approval as a sentence, or "".

    Low: none. Medium: one person on call, or a manager if no one is on call. High: a manager who did not
    request it; two approvers if Tocsin proposed it.
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
        return "Needs a second approver, because Tocsin proposed it."
    return ""


def refusal(risk: Risk, approver: Approver, requested_by: int | None, *, anyone_on_call: bool) -> str:
    """Why this person may not approve the run, as a sentence, or ""."""
    if risk == Risk.HIGH and approver.user_id == requested_by:
        return "You requested it: high risk must be approved by another person."
    if risk == Risk.MEDIUM and not approver.is_on_call:
        if anyone_on_call:
            return "Medium risk must be approved by the person on call."
        if not is_manager(approver.role):
            return "No one is on call, so a manager must approve."
    if risk == Risk.HIGH and requested_by is not None and not is_manager(approver.role):
        return "High risk must be approved by a manager."
    return ""


def automatic_actions(severity: Severity, actions: Sequence[tuple[str, Risk]]) -> list[str]:
    """Actions of a scenario that Tocsin starts or proposes: slugs with their risk -> slugs, in order.

    Low-risk ones always. At sev1 also the others, with an immediate request for approval; at other severities
    approval is requested only if there is no low-risk action, and then for the first.
    """
    safe = [slug for slug, risk in actions if risk == Risk.LOW]
    if severity == Severity.SEV1:
        return [slug for slug, _ in actions]
    return safe or [slug for slug, _ in actions[:1]]


def breaker_opens(recent: Sequence[bool]) -> bool:
    """Whether the last runs (newest first; True: success) are bad enough to open the breaker."""
    window = recent[:BREAKER_WINDOW]
    return sum(not well for well in window) >= BREAKER_FAILURES


def breaker_allows_trial(state: BreakerState, opened_at: datetime | None, now: datetime) -> bool:
    """Whether one automatic run is allowed as a trial: by a person, or after an hour."""
    if state == BreakerState.OPEN:
        return opened_at is not None and now >= opened_at + BREAKER_RETRY_AFTER
    return state == BreakerState.HALF_OPEN
