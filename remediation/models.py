"""Django finds the models of an app here."""

from remediation.catalogue.models import RemediationAction
from remediation.runs.models import (
    AutomaticProposal,
    Breaker,
    RemediationRun,
    RunApproval,
    RunAttempt,
    TargetState,
)

__all__ = [
    "AutomaticProposal",
    "Breaker",
    "RemediationAction",
    "RemediationRun",
    "RunApproval",
    "RunAttempt",
    "TargetState",
]
