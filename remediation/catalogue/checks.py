"""Health check of stored actions that are invalid under current rules."""

from __future__ import annotations

import functools
from typing import Final

from core.health.checks import CheckResult, health_check
from core.secrets.encryption import DecryptionError
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.services import ADDRESSES
from remediation.catalogue.stored import SECRETS, opened
from remediation.executors.placeholders import server_faults
from remediation.vocabulary import ExecutorKind

MAX_NAMED: Final = 10
ADVICE: Final = (
    "Open Remediation, Actions and correct its settings; type a secret again as token or signing_secret, "
    "which replaces all that are stored. Until then its runs fail or go without the secret."
)


@health_check("actions", "Remediation actions", requires="database")
def _actions() -> CheckResult:
    rows = RemediationAction.across_workspaces.filter(is_current=True, is_enabled=True)
    rows = rows.exclude(executor=ExecutorKind.MANUAL).order_by("workspace_id", "slug")
    faulty = [(row, fault) for row in rows if (fault := fault_of(row))]
    if not faulty:
        return CheckResult("ok", "every stored action can run")
    named = "; ".join(f"the action {row.name} {fault}" for row, fault in faulty[:MAX_NAMED])
    more = f"; and {len(faulty) - MAX_NAMED} more" if len(faulty) > MAX_NAMED else ""
    concerned = frozenset(row.workspace_id for row, _ in faulty)
    return CheckResult("warn", f"{named}{more}", ADVICE, None, concerned)


def fault_of(row: RemediationAction) -> str:
    """Why a stored action cannot run as intended, or ""."""
    for name, text in server_faults(row.config, ADDRESSES):
        return f"cannot run: {name} {text}"
    try:
        is_unused = _holds_unused(row.secrets)
    except DecryptionError:
        return "cannot run: its secrets cannot be read"
    return "has secrets under names that are no longer used" if is_unused else ""


@functools.lru_cache(maxsize=1000)
def _holds_unused(sealed: str) -> bool:
    """Whether secrets with unsupported names are stored. Raises DecryptionError."""
    return not opened(sealed).keys() <= set(SECRETS)
