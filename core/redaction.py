"""Replaces secrets in text and in JSON-like data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tocsin.redaction import engine
from tocsin.redaction.names import is_secret
from tocsin.redaction.own_rules import OwnRule
from tocsin.redaction.shape import MASK
from tocsin.redaction.stream import Finder

__all__ = ["MASK", "is_secret", "redact", "redact_value", "use_rules"]
_own: list[OwnRule] = []


def use_rules(rules: Iterable[Mapping[str, Any]]) -> None:
    """Add the installation's own rules to the built-in ones. Raises RuleError."""
    _own[:] = [OwnRule(rule) for rule in rules]


def redact(text: str) -> str:
    """Return the text with everything that looks like a credential replaced by `MASK`; idempotent."""
    if not _own:
        return engine.redact(text)
    finders: tuple[Finder, ...] = (engine.findings, *_own)
    found = engine.merged(match for find in finders for match in find(text))
    return engine.replaced(text, found, lambda _secret, _rule: MASK)


def redact_value(value: Any) -> Any:
    """Redact JSON-like data: values under secret names are masked, texts searched, other scalars stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: MASK if is_secret(k) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(v) for v in value]
    return value
