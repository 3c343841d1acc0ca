"""Every table of detection: rules and findings, the events they count, and the sources that send them."""

from detection.analysis.models import AnalysisJob
from detection.rules.models import DetectionRule, Event, Finding, GroupBy, IncidentEvent, Level
from detection.sources.models import (
    ChangeEvent,
    QuarantinedRequest,
    Source,
    SourceAlert,
    SourceSample,
    SourceSecret,
    SourceTally,
)
from detection.webhooks.models import RequestOutcome

__all__ = [
    "AnalysisJob", "ChangeEvent", "DetectionRule", "Event", "Finding", "GroupBy", "IncidentEvent", "Level",
    "QuarantinedRequest", "RequestOutcome", "Source", "SourceAlert", "SourceSample", "SourceSecret",
    "SourceTally",
]  # fmt: skip
