"""Stored versions of actions read back as definitions. Pure."""

from __future__ import annotations

from remediation.catalogue.definitions import Definition
from remediation.catalogue.models import RemediationAction
from remediation.vocabulary import ExecutorKind, Risk


def definition_of(row: RemediationAction) -> Definition:
    """The content of a stored version."""
    return Definition(
        slug=row.slug, name=row.name, when=row.when, risk=Risk(row.risk), executor=ExecutorKind(row.executor),
        incident_types=tuple(row.incident_types), steps=tuple(row.steps), config=row.config,
        timeout_s=row.timeout_s, health_url=row.health_url, rollback=row.rollback, cooldown_s=row.cooldown_s,
    )  # fmt: skip
