"""Computes SLA deadlines from policies and times. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Final

from incidents.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Clocks:
    """Minutes allowed from detection (`update_every`: between updates). None: no such target."""

    acknowledge_within: int
    update_every: int | None = None
    resolve_within: int | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The deadlines of an incident."""

    acknowledge_due_at: datetime
    update_due_at: datetime | None
    resolve_due_at: datetime | None


Policy = Mapping[Severity, Clocks]

STANDARD: Final[Policy] = {
    Severity.SEV1: Clocks(15, update_every=30, resolve_within=4 * 60),
    Severity.SEV2: Clocks(30, update_every=60, resolve_within=8 * 60),
    Severity.SEV3: Clocks(120, update_every=4 * 60, resolve_within=3 * 24 * 60),
    Severity.SEV4: Clocks(480),
}
RESPONSE_TIMES: Final[Policy] = {
    Severity.SEV1: Clocks(15, update_every=30, resolve_within=4 * 60),
    Severity.SEV2: Clocks(60, update_every=2 * 60, resolve_within=8 * 60),
    Severity.SEV3: Clocks(4 * 60, update_every=8 * 60, resolve_within=3 * 24 * 60),
    Severity.SEV4: Clocks(24 * 60),
}
PRESETS: Final[Mapping[str, Policy]] = {"standard": STANDARD, "response_times": RESPONSE_TIMES}


def _after(start: datetime, minutes: int | None) -> datetime | None:
    return None if minutes is None else start + timedelta(minutes=minutes)


def deadlines(clocks: Clocks, detected_at: datetime, last_update_at: datetime | None = None) -> Deadlines:
    """Return the deadlines of an incident; `last_update_at` is None before the first update."""
    return Deadlines(
        acknowledge_due_at=detected_at + timedelta(minutes=clocks.acknowledge_within),
        update_due_at=next_update(clocks, max(detected_at, last_update_at or detected_at)),
        resolve_due_at=_after(detected_at, clocks.resolve_within),
    )


def next_update(clocks: Clocks, last_update_at: datetime) -> datetime | None:
    """Return when the next stakeholder update is due; None if this severity has no such target."""
    return _after(last_update_at, clocks.update_every)


def policy_mark(policy: Policy) -> str:
    """Return 16 hex digits that change with every target, to detect concurrent changes."""
    seen = repr([(severity.value, astuple(policy[severity])) for severity in Severity])
    return hashlib.sha256(seen.encode()).hexdigest()[:16]
