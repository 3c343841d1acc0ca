"""On-call schedules, rotations, overrides, the shifts computed from them, and calendar feeds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped

MAX_SHIFT_LENGTH: Final = timedelta(days=31)


class TsTzRange(Func):
    """Database function for the half-open range between two timestamps."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class OnCallSchedule(WorkspaceScoped):
    """Who is on call when: built from rotations and overrides, or imported from an iCalendar URL or file.

    `problem` and `failing_since` say why the last import failed; the shifts of the last successful one stay.
    """

    class Source(models.TextChoices):
        MANUAL = "manual"
        URL = "url"
        FILE = "file"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.MANUAL)
    sealed_url = models.TextField(blank=True)
    calendar_text = models.TextField(blank=True)
    etag = models.CharField(max_length=200, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    unmatched = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    filled_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="oncall_schedule_name")]

    def __str__(self) -> str:
        return self.name


class OnCallRotation(WorkspaceScoped):
    """One layer of a schedule: people who take turns of some days or weeks. A higher layer wins.

    Times of day are local to the schedule. `active_from`, `active_to`, `active_weekdays` (0 is Monday) limit
    the layer to some hours of some days; empty: always. `ends_on` is exclusive.
    """

    class Unit(models.TextChoices):
        DAY = "day"
        WEEK = "week"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(OnCallSchedule, on_delete=models.CASCADE, related_name="rotations")
    layer = models.PositiveSmallIntegerField()
    participants = ArrayField(models.BigIntegerField())
    unit = models.CharField(max_length=4, choices=Unit.choices, default=Unit.WEEK)
    length = models.PositiveSmallIntegerField(default=1)
    handoff_weekday = models.PositiveSmallIntegerField(default=0)
    handoff_time = models.TimeField()
    active_from = models.TimeField(null=True, blank=True)
    active_to = models.TimeField(null=True, blank=True)
    active_weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["schedule", "layer"], name="oncall_rotation_layer"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="oncall_rotation_ends_after"
            ),
        ]

    def __str__(self) -> str:
        return f"layer {self.layer} of {self.schedule}"


class OnCallOverride(WorkspaceScoped):
    """Someone covers a time, regardless of the rotations. `swap_of` is the other half of a swap."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(OnCallSchedule, on_delete=models.CASCADE, related_name="overrides")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    swap_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="oncall_override_ends_after")
        ]
        indexes = [models.Index(fields=["schedule", "ends_at"], name="oncall_override_ends")]

    def __str__(self) -> str:
        return f"{self.user} covers {self.schedule} from {self.starts_at:%Y-%m-%d %H:%M}"


class OnCallShift(WorkspaceScoped):
    """One person on call in one schedule for one time; stored 60 days ahead and never rewritten once past."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(OnCallSchedule, on_delete=models.CASCADE, related_name="shifts")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    source_uid = models.CharField(max_length=200)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="oncall_shift_ends_after"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + MAX_SHIFT_LENGTH), name="oncall_shift_max_length"
            ),
            models.UniqueConstraint(
                fields=["schedule", "source_uid", "starts_at"], name="oncall_shift_once_per_source"
            ),
            ExclusionConstraint(
                name="oncall_shift_no_overlap",
                expressions=[
                    ("schedule", RangeOperators.EQUAL),
                    ("user", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "ends_at"], name="oncall_shift_by_end"),
            models.Index(fields=["schedule", "ends_at"], name="oncall_shift_of_schedule"),
        ]

    def __str__(self) -> str:
        return f"{self.user} on call in {self.schedule} from {self.starts_at:%Y-%m-%d %H:%M}"


class OnCallImport(WorkspaceScoped, WorkItem):
    """The recurring import of a schedule's calendar; `due_at` is the next one."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    schedule = models.OneToOneField(OnCallSchedule, on_delete=models.CASCADE, related_name="import_item")

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        pass

    def __str__(self) -> str:
        return f"import of {self.schedule}"


class CalendarFeed(WorkspaceScoped):
    """Secret URL at which a calendar program reads one person's (or the workspace's) calendar.

    Stored as the SHA-256 of its secret. `kinds` names the sources (`accounts.oncall.calendar_sources`).
    """

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    kinds = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField(db_default=Now())
    last_read_at = models.DateTimeField(null=True, blank=True)
    last_agent = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        indexes = [models.Index(fields=["workspace", "user"], name="calendar_feed_by_person")]

    def __str__(self) -> str:
        return self.name
