"""Digest of the facts an approval is bound to. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

BOUND: Final = (
    "workspace_id", "incident_number", "action", "action_version", "executor", "arguments", "target",
    "target_tier", "risk", "rollback", "timeout_s", "preview", "is_drill", "policy",
)  # fmt: skip
POLICY_VERSION: Final = 1


def run_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical JSON of the bound facts.

    Raises KeyError if one is missing, since it would be approved unseen.
    """
    bound = {name: facts[name] for name in BOUND}
    return hashlib.sha256(json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Bound facts that changed: name -> [before, now]."""
    return {name: [before.get(name), now.get(name)] for name in BOUND if before.get(name) != now.get(name)}
