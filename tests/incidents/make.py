"""Values for the incident tests."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.correlation.detection_signals import Signal
from incidents.vocabulary import IncidentType, Severity

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def fingerprint(of: object = "checkout") -> str:
    """64 hex digits, the same for the same thing."""
    return hashlib.sha256(str(of).encode()).hexdigest()


def signal(of: object = "checkout", **changes: Any) -> Signal:
    """A finding of five errors of one component within twenty seconds, reported at NOW."""
    found = Signal(
        fingerprint=fingerprint(of),
        reporter="rule:service_errors",
        incident_type=IncidentType.ERROR_BURST,
        severity=Severity.SEV2,
        title=f"Errors in {of}",
        description="5 errors in 20 s",
        started_at=NOW - timedelta(seconds=20),
        last_at=NOW - timedelta(seconds=1),
        event_count=5,
        components=(str(of),),
    )
    return dataclasses.replace(found, **changes)
