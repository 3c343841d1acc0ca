"""Risks, executors and the states of a run."""

from __future__ import annotations

from typing import Final

from django.db import models


class Risk(models.TextChoices):
    """Risk of an action: low runs automatically, medium needs on-call, high needs a manager."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


RISK_RANK: Final = {Risk.LOW: 0, Risk.MEDIUM: 1, Risk.HIGH: 2}


class ExecutorKind(models.TextChoices):
    """Kinds of executors."""

    MANUAL = "manual", "Manual"
    COMMAND = "command", "Command"
    WEBHOOK = "webhook", "Webhook"
    KUBERNETES = "kubernetes", "Kubernetes"


class RunState(models.TextChoices):
    """State of a run. `unknown`: it may have acted; a person must report the outcome.

    `unverified`: it was executed, without a health check to verify that it helped.
    """

    PROPOSED = "proposed", "Proposed"
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting approval"
    APPROVED = "approved", "Approved"
    CLAIMED = "claimed", "Starting"
    RUNNING = "running", "Running"
    VERIFYING = "verifying", "Verifying"
    SUCCEEDED = "succeeded", "Succeeded"
    UNVERIFIED = "unverified", "Carried out, not verified"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"
    VOID = "void", "Void"
    UNKNOWN = "unknown", "Unknown"
    ABANDONED = "abandoned", "Abandoned"


_S = RunState
# Every legal move; PostgreSQL refuses all others (a trigger made from this table).
MOVES: Final[tuple[tuple[RunState, RunState], ...]] = (
    (_S.PROPOSED, _S.AWAITING_APPROVAL),
    (_S.PROPOSED, _S.APPROVED),
    (_S.PROPOSED, _S.CANCELLED),
    (_S.PROPOSED, _S.EXPIRED),
    (_S.AWAITING_APPROVAL, _S.APPROVED),
    (_S.AWAITING_APPROVAL, _S.REJECTED),
    (_S.AWAITING_APPROVAL, _S.EXPIRED),
    (_S.AWAITING_APPROVAL, _S.CANCELLED),
    (_S.AWAITING_APPROVAL, _S.VOID),
    (_S.APPROVED, _S.CLAIMED),
    (_S.APPROVED, _S.EXPIRED),
    (_S.APPROVED, _S.CANCELLED),
    (_S.APPROVED, _S.VOID),
    (_S.CLAIMED, _S.RUNNING),
    (_S.CLAIMED, _S.FAILED),
    (_S.CLAIMED, _S.UNKNOWN),
    (_S.RUNNING, _S.VERIFYING),
    (_S.RUNNING, _S.FAILED),
    (_S.RUNNING, _S.UNKNOWN),
    (_S.VERIFYING, _S.SUCCEEDED),
    (_S.VERIFYING, _S.UNVERIFIED),
    (_S.VERIFYING, _S.FAILED),
    (_S.VERIFYING, _S.UNKNOWN),
    (_S.UNKNOWN, _S.SUCCEEDED),
    (_S.UNKNOWN, _S.FAILED),
    (_S.UNKNOWN, _S.ABANDONED),
)
LIVE: Final = (_S.CLAIMED, _S.RUNNING, _S.VERIFYING, _S.UNKNOWN)
WAITING: Final = (_S.PROPOSED, _S.AWAITING_APPROVAL, _S.APPROVED)
FINAL: Final = (
    _S.SUCCEEDED, _S.UNVERIFIED, _S.FAILED, _S.REJECTED, _S.EXPIRED, _S.CANCELLED, _S.VOID, _S.ABANDONED,
)  # fmt: skip
CARRIED_OUT: Final = (_S.SUCCEEDED, _S.UNVERIFIED)


class Verdict(models.TextChoices):
    """Decision of an approver."""

    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class BreakerState(models.TextChoices):
    """State of a breaker. Half open: allows exactly one run as a trial."""

    CLOSED = "closed", "Closed"
    OPEN = "open", "Open"
    HALF_OPEN = "half_open", "Half open"


# Every legal move of a breaker; PostgreSQL refuses all others.
BREAKER_MOVES: Final[tuple[tuple[BreakerState, BreakerState], ...]] = (
    (BreakerState.CLOSED, BreakerState.OPEN),
    (BreakerState.OPEN, BreakerState.HALF_OPEN),
    (BreakerState.HALF_OPEN, BreakerState.CLOSED),
    (BreakerState.HALF_OPEN, BreakerState.OPEN),
)
