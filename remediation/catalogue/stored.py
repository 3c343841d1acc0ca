"""Converts actions between rows and definitions, and decrypts their secrets."""

from __future__ import annotations

from typing import Final

from core.secrets.encryption import decrypt
from remediation.catalogue.definitions import Definition
from remediation.catalogue.models import RemediationAction
from remediation.vocabulary import ExecutorKind, Risk

SECRETS: Final = ("signing_secret", "token")  # names of secrets


def definition_of(row: RemediationAction) -> Definition:
    """The content of a stored version."""
    return Definition(
        slug=row.slug, name=row.name, when=row.when, risk=Risk(row.risk), executor=ExecutorKind(row.executor),
        incident_types=tuple(row.incident_types), steps=tuple(row.steps), config=row.config,
        timeout_s=row.timeout_s, health_url=row.health_url, rollback=row.rollback, cooldown_s=row.cooldown_s,
    )  # fmt: skip


def opened(sealed: str) -> dict[str, str]:
    """The secrets of an action by name, including unused names. Raises DecryptionError."""
    lines = decrypt(sealed).splitlines() if sealed else []
    return {name: value for name, _, value in (line.partition("=") for line in lines if line)}


def row_of(workspace_id: int, one: Definition, author: str) -> RemediationAction:
    """An unsaved version."""
    return RemediationAction(
        workspace_id=workspace_id, slug=one.slug, version=one.version, name=one.name, when=one.when,
        risk=one.risk, executor=one.executor, incident_types=list(one.incident_types), steps=list(one.steps),
        config=dict(one.config), timeout_s=one.timeout_s, health_url=one.health_url, rollback=one.rollback,
        cooldown_s=one.cooldown_s, created_by=author[:150],
    )  # fmt: skip
