"""Models of the app, imported for Django."""

from remediation.catalogue.models import RemediationAction
from remediation.recovery.models import HealthProbe, RecoveryWatch, ResponsePolicy
from remediation.runs.models import (
    AutomaticProposal,
    Breaker,
    RemediationRun,
    RollbackProposal,
    RunApproval,
    RunAttempt,
    TargetState,
)

__all__ = [
    "AutomaticProposal",
    "Breaker",
    "HealthProbe",
    "RecoveryWatch",
    "RemediationAction",
    "RemediationRun",
    "ResponsePolicy",
    "RollbackProposal",
    "RunApproval",
    "RunAttempt",
    "TargetState",
]
