"""Incidents, their numbers and their signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle import sort_keys
from incidents.lifecycle.measure_sql import HAS_CHANGED, MEASURE_FOLLOWS, SOURCES
from incidents.vocabulary import (
    UNRESOLVED,
    Basis,
    Category,
    IncidentSource,
    IncidentType,
    Severity,
    Stage,
    Status,
)

# Signals depend only on whether the incident is unresolved.
_ENDS_OR_COMES_BACK: Final = (
    "((OLD.status IN ('resolved', 'closed')) IS DISTINCT FROM (NEW.status IN ('resolved', 'closed')))"
)
SIGNALS_FOLLOW: Final = """
    UPDATE incidents_incidentsignal SET is_open = NEW.status NOT IN ('resolved', 'closed')
     WHERE incident_id = NEW.id;
    RETURN NULL;
"""
SIGNAL_STARTS: Final = """
    SELECT i.status NOT IN ('resolved', 'closed') INTO NEW.is_open
      FROM incidents_incident i WHERE i.id = NEW.incident_id;
    RETURN NEW;
"""
_update_of: Any = pgtrigger.UpdateOf  # pgtrigger has no types for it


def seconds_between(earlier: datetime, later: datetime | None) -> float | None:
    """Return the seconds, or None while `later` is unknown."""
    return None if later is None else (later - earlier).total_seconds()


class IncidentCounter(models.Model):
    """Last incident number of a workspace. Its row lock serializes openings: no gaps, no duplicates.

    `opens_drills`: the workspace is for exercises, so every incident of it is a drill.
    """

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE)
    last_number = models.PositiveIntegerField(default=0)
    opens_drills = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.workspace}: {self.last_number}"


class Incident(WorkspaceScoped):
    """One incident. Shown as `INC-<number>`.

    `version` grows by one with every change people or detection make; an update with an older one is refused.
    `acknowledged_label` names who acknowledged; without `acknowledged_at` that was a machine, and no person
    has yet. `fingerprint` (64 hex) deduplicates detected incidents; empty for declared ones. `request_key`
    (64 hex) deduplicates declarations; empty without an idempotency key.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="incidents")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, validators=[MaxLengthValidator(20_000)])
    severity = models.CharField(max_length=4, choices=Severity.choices, default=Severity.SEV3)
    incident_type = models.CharField(max_length=40, choices=IncidentType.choices, default=IncidentType.OTHER)
    type_basis = models.PositiveSmallIntegerField(
        choices=Basis.choices, default=Basis.LEVEL, db_default=Basis.LEVEL, editable=False
    )
    severity_basis = models.PositiveSmallIntegerField(
        choices=Basis.choices, default=Basis.LEVEL, db_default=Basis.LEVEL, editable=False
    )
    category = models.CharField(max_length=40, choices=Category.choices, default=Category.UNKNOWN)
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.OPEN)
    stage = models.CharField(max_length=14, choices=Stage.choices, default=Stage.ASSESSMENT)
    impact = models.TextField(blank=True)
    root_cause = models.TextField(blank=True)
    users_impacted = models.PositiveBigIntegerField(null=True, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, output_field=models.JSONField())
    )
    is_drill = models.BooleanField(default=False)
    is_private = models.BooleanField(default=False, db_default=False)
    source = models.CharField(max_length=10, choices=IncidentSource.choices, default=IncidentSource.DECLARED)
    fingerprint = models.CharField(max_length=64, blank=True)
    request_key = models.CharField(max_length=64, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged_from"
    )
    related = models.ManyToManyField("self", blank=True)
    event_count = models.PositiveBigIntegerField(default=0)
    last_event_at = models.DateTimeField(null=True, blank=True)

    started_at = models.DateTimeField()
    detected_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    acknowledged_label = models.CharField(max_length=150, blank=True, default="", db_default="")
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    acknowledge_due_at = models.DateTimeField(null=True, blank=True)
    update_due_at = models.DateTimeField(null=True, blank=True)
    resolve_due_at = models.DateTimeField(null=True, blank=True)

    # Incremented each time it is reopened.
    opening = models.PositiveSmallIntegerField(default=1, db_default=1)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    weight = sort_keys.weight()
    active_minute = sort_keys.active_minute()
    lasted = sort_keys.lasted()
    openness = sort_keys.openness()
    next_due = sort_keys.next_due()
    commander_key = sort_keys.commander_key()  # written by triggers only

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="incident_number_once"),
            models.UniqueConstraint(
                fields=["workspace", "fingerprint"],
                condition=~Q(fingerprint="") & Q(status__in=[s.value for s in UNRESOLVED]),
                name="one_unresolved_per_fingerprint",
            ),
            models.UniqueConstraint(
                fields=["workspace", "request_key"],
                condition=~Q(request_key=""),
                name="incident_declared_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-detected_at", "-id"], name="incident_list"),
            models.Index(
                fields=["workspace", "-detected_at", "-id"],
                condition=Q(status__in=[s.value for s in UNRESOLVED]),
                name="incident_unresolved",
            ),
            models.Index(
                fields=["workspace", "incident_type", "-detected_at", "-id"], name="incident_by_type"
            ),
            models.Index(fields=["workspace", "-weight", "-detected_at", "-id"], name="incident_by_weight"),
            models.Index(fields=["workspace", "-active_minute", "-id"], name="incident_by_activity"),
            models.Index(fields=["workspace", "-lasted", "-id"], name="incident_by_duration"),
            models.Index(fields=["workspace", "-openness", "-detected_at", "-id"], name="incident_by_status"),
            models.Index(fields=["workspace", "next_due", "id"], name="incident_by_deadline"),
            models.Index(fields=["workspace", "commander_key", "id"], name="incident_by_commander"),
            # Covering index for averages, which are read without the rows.
            models.Index(
                fields=["workspace", "-resolved_at"],
                include=["detected_at", "is_drill", "is_private"],
                condition=Q(resolved_at__isnull=False),
                name="incident_resolutions",
            ),
            models.Index(fields=["workspace", "id"], condition=Q(is_private=True), name="incident_private"),
            GinIndex(fields=["labels"], name="incident_labels", opclasses=["jsonb_path_ops"]),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="incident_title_parts"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signals_follow",
                when=pgtrigger.After,
                operation=_update_of("status"),
                condition=pgtrigger.Condition(_ENDS_OR_COMES_BACK),
                func=SIGNALS_FOLLOW,
            ),
            pgtrigger.Trigger(
                name="measure_begins",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func=MEASURE_FOLLOWS,
            ),
            pgtrigger.Trigger(
                name="measure_follows",
                when=pgtrigger.After,
                operation=_update_of(*SOURCES),
                condition=pgtrigger.Condition(HAS_CHANGED),
                func=MEASURE_FOLLOWS,
            ),
        ]

    # Set by `incidents.selectors` only, so that a list costs no query per row.
    component_names: list[str]
    commander_username: str | None
    commander_label: str | None
    is_sla_breached: bool
    is_mine: bool  # set in personal lists only: `open_incidents_for`

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    @property
    def reference(self) -> str:
        """Return `INC-42`, the displayed name."""
        return f"INC-{self.number}"

    @property
    def mttd(self) -> float:
        """Return seconds from the first event to the detection."""
        return seconds_between(self.started_at, self.detected_at) or 0.0

    @property
    def mtta(self) -> float | None:
        """Return seconds from detection to acknowledgement; None while not acknowledged."""
        return seconds_between(self.detected_at, self.acknowledged_at)

    @property
    def mttr(self) -> float | None:
        """Return seconds from detection to resolution; None while unresolved."""
        return seconds_between(self.detected_at, self.resolved_at)

    @property
    def is_unresolved(self) -> bool:
        """Return whether it is neither resolved nor closed."""
        return self.status in UNRESOLVED


class IncidentSignal(WorkspaceScoped):
    """A fingerprint that one detector reported for an incident, first and last.

    The newest `resolved_at` among a fingerprint's incidents is where detection starts counting again.
    `is_open` is maintained by triggers for every change of the incident: while it is true, no other
    unresolved incident may have the fingerprint.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="signals")
    fingerprint = models.CharField(max_length=64)
    reporter = models.CharField(max_length=120)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    is_open = models.BooleanField(default=True, editable=False)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "fingerprint"], name="signal_once_per_incident"),
            models.UniqueConstraint(
                fields=["workspace", "fingerprint"],
                condition=Q(is_open=True),
                name="one_unresolved_per_signal",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "fingerprint", "incident"], name="signal_fingerprint")]
        triggers = [
            pgtrigger.Trigger(
                name="signal_starts", when=pgtrigger.Before, operation=pgtrigger.Insert, func=SIGNAL_STARTS
            )
        ]

    def __str__(self) -> str:
        return f"{self.reporter} -> incident {self.incident_id}"
