"""Built-in rules of every workspace: one file each in `detection/rules/builtin/`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from detection.models import Level
from detection.rules import builtin
from incidents.vocabulary import IncidentType, Severity


@dataclass(frozen=True, slots=True)
class BuiltinRule:
    """Fields of a `DetectionRule` that a built-in rule sets; the others have their defaults."""

    rule_id: str
    name: str
    description: str
    incident_type: IncidentType
    severity: Severity
    error_threshold: int
    time_window_seconds: int
    check_interval_seconds: int = 60
    event_types: tuple[str, ...] = ()
    minimum_level: Level = Level.DEBUG


def builtin_rules() -> list[BuiltinRule]:
    """Return every `RULE` of a module in `detection/rules/builtin/`, in order of rule_id."""
    names = sorted(module.name for module in pkgutil.iter_modules(builtin.__path__))
    modules = [importlib.import_module(f"{builtin.__name__}.{name}") for name in names]
    return [module.RULE for module in modules]
