"""Vocabulary: severities, types, statuses, stages, impacts, and their aliases."""

from __future__ import annotations

from typing import Final

from django.db import models


class Severity(models.TextChoices):
    """sev1 is the worst. Order by `SEVERITY_RANK`, never by the text."""

    SEV1 = "sev1", "SEV1"
    SEV2 = "sev2", "SEV2"
    SEV3 = "sev3", "SEV3"
    SEV4 = "sev4", "SEV4"


class Status(models.TextChoices):
    """Status for stakeholders."""

    OPEN = "open", "Open"
    INVESTIGATING = "investigating", "Investigating"
    IDENTIFIED = "identified", "Identified"
    MONITORING = "monitoring", "Monitoring"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"


class Stage(models.TextChoices):
    """Stage of the response."""

    ASSESSMENT = "assessment", "Assessment"
    CONTAINMENT = "containment", "Containment"
    INVESTIGATION = "investigation", "Investigation"
    REMEDIATION = "remediation", "Remediation"
    RECOVERY = "recovery", "Recovery"
    DONE = "done", "Done"


class Impact(models.TextChoices):
    """Impact of an incident on one component."""

    TOTAL_OUTAGE = "total_outage", "Total outage"
    PARTIAL_OUTAGE = "partial_outage", "Partial outage"
    DEGRADED = "degraded", "Degraded"


class IncidentType(models.TextChoices):
    """The fifteen types of detection, and `other` for declared incidents."""

    ERROR_BURST = "error_burst", "Error burst"
    SERVICE_DOWN = "service_down", "Service down"
    QUALITY_DROP = "quality_drop", "Quality drop"
    WORKFLOW_FAILURE_SPIKE = "workflow_failure_spike", "Workflow failure spike"
    MEMORY_EXHAUSTION = "memory_exhaustion", "Memory exhaustion"
    PERFORMANCE_DEGRADATION = "performance_degradation", "Performance degradation"
    DISK_SPACE_LOW = "disk_space_low", "Disk space low"
    DATABASE_CONNECTION_FAILURE = "database_connection_failure", "Database connection failure"
    API_RATE_LIMIT = "api_rate_limit", "API rate limit"
    CACHE_FAILURE = "cache_failure", "Cache failure"
    NETWORK_PARTITION = "network_partition", "Network partition"
    DEADLOCK = "deadlock", "Deadlock"
    RESOURCE_LEAK = "resource_leak", "Resource leak"
    SECURITY_BREACH = "security_breach", "Security breach"
    DATA_CORRUPTION = "data_corruption", "Data corruption"
    OTHER = "other", "Other"


class Basis(models.IntegerChoices):
    """Basis of an incident's type or severity: the higher one decides."""

    LEVEL = 0, "A rule that matches by level"
    WORDS = 1, "The words of its events"
    PATTERN = 2, "A rule that names a message pattern"
    EVENT_TYPE = 3, "A rule that names event types, or the sender"
    PERSON = 9, "A person"


class Category(models.TextChoices):
    """Coarse category assigned by the analysis."""

    DATABASE = "database_issue", "Database"
    NETWORK = "network_issue", "Network"
    PERFORMANCE = "performance_issue", "Performance"
    MEMORY = "memory_issue", "Memory"
    STORAGE = "storage_issue", "Storage"
    AUTHENTICATION = "authentication_issue", "Authentication"
    RATE_LIMIT = "rate_limit_issue", "Rate limit"
    DEPLOYMENT = "deployment_issue", "Deployment"
    QUALITY = "quality_issue", "Quality"
    SECURITY = "security_issue", "Security"
    DATA = "data_issue", "Data"
    UNKNOWN = "unknown", "Unknown"


class ResponseRole(models.TextChoices):
    """Response roles. Assigning without a role means commander."""

    COMMANDER = "commander", "Commander"
    TECH_LEAD = "tech_lead", "Tech lead"
    COMMS_LEAD = "comms_lead", "Comms lead"


class EntryKind(models.TextChoices):
    """Kinds of timeline entry."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    STATUS_CHANGE = "status_change"
    STAGE_CHANGE = "stage_change"
    SEVERITY_CHANGE = "severity_change"
    ROLE_ASSIGNED = "role_assigned"
    UPDATE = "update"
    MITIGATION = "mitigation"
    RESOLUTION = "resolution"
    NOTE = "note"
    EVENT = "event"
    REMEDIATION = "remediation"
    NOTIFICATION = "notification"
    SLA = "sla"
    SLACK = "slack"
    POSTMORTEM = "postmortem"
    CHANGE = "change"


class IncidentSource(models.TextChoices):
    """How an incident was opened."""

    DETECTED = "detected"
    DECLARED = "declared"
    SLACK = "slack"
    API = "api"
    CLI = "cli"
    BUNDLE = "bundle"


# Frequent machine entries; highlights leave them out, the full timeline has them.
CHATTER: Final = (EntryKind.EVENT, EntryKind.NOTIFICATION)
SEVERITY_RANK: Final = {Severity.SEV1: 1, Severity.SEV2: 2, Severity.SEV3: 3, Severity.SEV4: 4}
OVER: Final = (Status.RESOLVED, Status.CLOSED)
UNRESOLVED: Final = (Status.OPEN, Status.INVESTIGATING, Status.IDENTIFIED, Status.MONITORING)

SEVERITY_ALIASES: Final = {
    "critical": Severity.SEV1, "p1": Severity.SEV1, "fatal": Severity.SEV1,
    "high": Severity.SEV2, "p2": Severity.SEV2, "major": Severity.SEV2,
    "medium": Severity.SEV3, "p3": Severity.SEV3, "moderate": Severity.SEV3,
    "low": Severity.SEV4, "p4": Severity.SEV4, "minor": Severity.SEV4, "info": Severity.SEV4,
}  # fmt: skip
STATUS_ALIASES: Final = {
    "detected": Status.OPEN,
    "triggered": Status.OPEN,
    "mitigated": Status.MONITORING,
}
STAGE_ALIASES: Final = {
    "assessing": Stage.ASSESSMENT,
    "containing": Stage.CONTAINMENT,
    "remediating": Stage.REMEDIATION,
    "recovering": Stage.RECOVERY,
}
TYPE_ALIASES: Final = {
    "memory_exhaust": IncidentType.MEMORY_EXHAUSTION,
    "database_connection_fail": IncidentType.DATABASE_CONNECTION_FAILURE,
    "deadlock_detected": IncidentType.DEADLOCK,
}


def _word(text: str) -> str:
    return text.strip().casefold().replace("-", "_").replace(" ", "_")


def parse_severity(text: str) -> Severity:
    """Parse `sev1`, `SEV1`, `critical`, `p1` … Raises ValueError on anything else."""
    word = _word(text)
    return SEVERITY_ALIASES.get(word) or Severity(word)


def parse_status(text: str) -> Status:
    """Parse `open`, `detected`, `mitigated` … Raises ValueError; stage names are not statuses."""
    word = _word(text)
    return STATUS_ALIASES.get(word) or Status(word)


def parse_stage(text: str) -> Stage:
    """Parse `containment`, `containing` … Raises ValueError on anything else."""
    word = _word(text)
    return STAGE_ALIASES.get(word) or Stage(word)


def parse_type(text: str) -> IncidentType:
    """Parse `error_burst`, `Error Burst`, `memory_exhaust` … Raises ValueError otherwise."""
    word = _word(text)
    return TYPE_ALIASES.get(word) or IncidentType(word)
