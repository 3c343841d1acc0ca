"""All models of detection, for Django."""

from detection.rules.models import DetectionRule, Event, Finding, GroupBy, IncidentEvent, Level
from detection.sources.models import (
    ChangeEvent,
    QuarantinedRequest,
    Source,
    SourceAlert,
    SourceSample,
    SourceSecret,
    SourceSubscription,
    SourceTally,
    SourceWord,
)
from detection.webhooks.models import RequestOutcome

__all__ = [
    "ChangeEvent", "DetectionRule", "Event", "Finding", "GroupBy", "IncidentEvent", "Level",
    "QuarantinedRequest", "RequestOutcome", "Source", "SourceAlert", "SourceSample", "SourceSecret",
    "SourceSubscription", "SourceTally", "SourceWord",
]  # fmt: skip
