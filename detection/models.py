"""All models of detection, for Django."""

from detection.analysis.models import AnalysisJob
from detection.heartbeats.models import Heartbeat, HeartbeatWatch
from detection.language_model.models import ModelRequest
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
    "AnalysisJob", "ChangeEvent", "DetectionRule", "Event", "Finding", "GroupBy", "Heartbeat",
    "HeartbeatWatch", "IncidentEvent", "Level", "ModelRequest",
    "QuarantinedRequest", "RequestOutcome", "Source", "SourceAlert", "SourceSample", "SourceSecret",
    "SourceSubscription", "SourceTally", "SourceWord",
]  # fmt: skip
