"""Type and severity of an incident reported by several detectors. Pure.

The most specific finding determines the type, in whatever order findings arrive. A type that takes over
brings its severity, except over a person's choice or the severity of a more specific rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from incidents.lifecycle.severity_matrix import default_severity
from incidents.vocabulary import SEVERITY_RANK, Basis, IncidentType, Severity

_PLACES: Final = {kind: place for place, kind in enumerate(IncidentType)}


@dataclass(frozen=True, slots=True)
class TypeAndSeverity:
    """A type and a severity, each with its basis."""

    incident_type: IncidentType
    type_basis: Basis
    severity: Severity
    severity_basis: Basis

    @property
    def type_weight(self) -> tuple[bool, int, int, int]:
        """Return the weight: the larger one determines the type. No two types are equal on one basis."""
        kind = self.incident_type
        is_named = kind != IncidentType.OTHER
        return is_named, self.type_basis, -SEVERITY_RANK[default_severity(kind)], -_PLACES[kind]


def is_heavier(one: Severity, other: Severity) -> bool:
    """Return whether `one` is worse than `other`."""
    return SEVERITY_RANK[one] < SEVERITY_RANK[other]


def joined(now: TypeAndSeverity, new: TypeAndSeverity) -> TypeAndSeverity:
    """Return type and severity of an incident that `new` joins."""
    takes = now.type_basis != Basis.PERSON and new.type_weight > now.type_weight
    after = replace(now, incident_type=new.incident_type, type_basis=new.type_basis) if takes else now
    if not _decides(now, new, brings=takes and new.incident_type != now.incident_type):
        return after
    return replace(after, severity=new.severity, severity_basis=new.severity_basis)


def _decides(now: TypeAndSeverity, new: TypeAndSeverity, *, brings: bool) -> bool:
    """Return whether the severity becomes that of `new`; `brings`: its type takes over."""
    heavier = is_heavier(new.severity, now.severity)
    if now.severity_basis == Basis.PERSON:
        return False
    if now.severity_basis >= Basis.PATTERN:
        return heavier and new.severity_basis >= Basis.PATTERN
    if new.severity_basis > now.severity_basis:
        return heavier or brings
    return heavier and new.severity_basis == now.severity_basis
