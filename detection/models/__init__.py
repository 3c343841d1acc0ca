"""Every table of detection: rules and findings, the events they count, and the sources that send them."""

from detection.models.outcomes import RequestOutcome
from detection.models.rules import DetectionRule, Event, Finding, GroupBy, IncidentEvent, Level
from detection.models.samples import SourceSample
from detection.models.sources import (
    ChangeEvent,
    QuarantinedRequest,
    Source,
    SourceAlert,
    SourceSecret,
    SourceSubscription,
    SourceTally,
    SourceWord,
)

__all__ = [
    "ChangeEvent", "DetectionRule", "Event", "Finding", "GroupBy", "IncidentEvent", "Level",
    "QuarantinedRequest", "RequestOutcome", "Source", "SourceAlert", "SourceSample", "SourceSecret",
    "SourceSubscription", "SourceTally", "SourceWord",
]  # fmt: skip
