"""Rules, findings, and the high-volume event tables.

Unmanaged tables are created by SQL in the migrations (partitions, no foreign keys, every key starting with
workspace_id); their models are for reading.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from incidents.vocabulary import IncidentType, Severity


class Level(models.IntegerChoices):
    """Level of one event; stored as its rank."""

    DEBUG = 0, "debug"
    INFO = 1, "info"
    WARNING = 2, "warning"
    ERROR = 3, "error"
    CRITICAL = 4, "critical"
    FATAL = 5, "fatal"


class GroupBy(models.TextChoices):
    """What a rule counts separately."""

    SOURCE = "source", "Source"
    WORKSPACE = "workspace", "Whole workspace"
    CORRELATION_ID = "correlation_id", "Correlation id"


class DetectionRule(WorkspaceScoped):
    """A detection rule: `error_threshold` matching events of one group within less than the window.

    Match: an event matches when every non-empty condition holds: its type is among `event_types`, its level
    is at least `minimum_level`, its source is among `sources`, its message matches `message_pattern` (an RE2
    regular expression, searched). `require_consecutive`: only an unbroken run counts.
    `min_components_affected`: that many distinct sources within the window. `cooldown_seconds` runs from the
    resolution of the last incident. A dry run records findings and opens nothing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="rules")
    rule_id = models.CharField(
        max_length=80,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", "lower-case letters, digits, _ and -")],
    )
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    incident_type = models.CharField(max_length=40, choices=IncidentType.choices)
    severity = models.CharField(max_length=4, choices=Severity.choices)
    event_types = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    minimum_level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.DEBUG)
    sources = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    message_pattern = models.CharField(max_length=500, blank=True)
    group_by = models.CharField(max_length=16, choices=GroupBy.choices, default=GroupBy.SOURCE)
    error_threshold = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    time_window_seconds = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    check_interval_seconds = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    require_consecutive = models.BooleanField(default=False)
    min_components_affected = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    cooldown_seconds = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(604_800)])
    enabled = models.BooleanField(default=True)
    dry_run = models.BooleanField(default=False)
    is_builtin = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    last_swept_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "rule_id"], name="rule_id_once")]

    def __str__(self) -> str:
        return self.rule_id


class Finding(WorkspaceScoped):
    """A rule's threshold was crossed in one group; written once per rule, group and window."""

    class Outcome(models.TextChoices):
        OPENED = "opened"
        JOINED = "joined"
        DRY_RUN = "dry_run"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(DetectionRule, on_delete=models.CASCADE, related_name="findings")
    group_key = models.CharField(max_length=200)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    event_count = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    found_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "group_key", "window_start", "window_end"], name="finding_once_per_window"
            )
        ]
        indexes = [
            models.Index(fields=["rule", "group_key", "-found_at"]),
            models.Index(fields=["rule", "-found_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.group_key}: {self.outcome}"


class Event(WorkspaceScoped):
    """One reported event. Partitioned by day on `received_at`; `is_late` ones are never counted."""

    workspace_id = models.BigIntegerField()
    id = models.BigIntegerField(primary_key=True)
    event_id = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.TextField()
    event_type = models.TextField()
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    message = models.TextField()
    metadata = models.JSONField()
    correlation_id = models.TextField(blank=True)
    is_late = models.BooleanField()

    class Meta(WorkspaceScoped.Meta):
        managed = False
        db_table = "detection_event"

    def __str__(self) -> str:
        return f"{self.source}: {self.message[:80]}"


class IncidentEvent(WorkspaceScoped):
    """An event counted on an incident; `event` is the primary key, so no event is ever counted twice."""

    workspace_id = models.BigIntegerField()
    event_id = models.BigIntegerField(primary_key=True)
    incident_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta):
        managed = False
        db_table = "detection_incident_event"

    def __str__(self) -> str:
        return f"event {self.event_id} of incident {self.incident_id}"
