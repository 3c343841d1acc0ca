"""Timeline entries: append-only, enforced by PostgreSQL."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import CHATTER, EntryKind


class TimelineEntry(WorkspaceScoped):
    """One entry of an incident's timeline.

    `occurred_at` is when it happened, `created_at` when it was written. The text never changes; only
    `occurred_at` of a note may be corrected (`time_corrected_at` says when), and an entry may be pinned.
    `request_key` (64 hex) deduplicates notes; empty without an idempotency key. Later changes are
    `EntryAmendment` rows; the newest one is also stored here (`amended_message`, of a withdrawn entry the
    reason), so that lists read no second table.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=16, choices=EntryKind.choices)
    message = models.TextField()
    is_public = models.BooleanField(default=False)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=150)
    occurred_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    time_corrected_at = models.DateTimeField(null=True, blank=True)
    amendment_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    amended_message = models.TextField(blank=True, default="", db_default="", editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    request_key = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "request_key"], condition=~Q(request_key=""), name="entry_written_once"
            )
        ]
        indexes = [
            models.Index(fields=["incident", "-occurred_at", "-id"], name="timeline_page"),
            models.Index(
                fields=["incident", "-occurred_at", "-id"],
                condition=~Q(kind__in=[kind.value for kind in CHATTER]),
                name="timeline_story",
            ),
            models.Index(
                fields=["incident", "-pinned_at"], condition=Q(pinned_at__isnull=False), name="timeline_pins"
            ),
            models.Index(fields=["workspace", "-id"], name="timeline_activity"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="words_never_change", fields=["kind", "message", "is_public", "data"])
        ]
        verbose_name_plural = "timeline entries"

    def __str__(self) -> str:
        return f"{self.kind}: {self.message[:60]}"

    @property
    def text(self) -> str:
        """Return the current text."""
        if self.withdrawn_at is not None:
            return f"Withdrawn: {self.amended_message}" if self.amended_message else "Withdrawn."
        return self.amended_message or self.message

    @property
    def is_shown_publicly(self) -> bool:
        """Return whether stakeholders may currently read it."""
        return self.withdrawn_at is None and (self.is_public or self.published_at is not None)


class EntryAmendment(WorkspaceScoped):
    """One later change to an entry, append-only: another text, a withdrawal, or a publication."""

    class Kind(models.TextChoices):
        REWORDED = "reworded", "Reworded"
        WITHDRAWN = "withdrawn", "Withdrawn"
        PUBLISHED = "published", "Published"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    entry = models.ForeignKey(TimelineEntry, on_delete=models.CASCADE, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    message = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_label = models.CharField(max_length=150)
    at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["entry", "number"], name="amendment_once")]
        triggers = [
            pgtrigger.ReadOnly(name="amendments_never_change", fields=["number", "kind", "message", "at"])
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of entry {self.entry_id}"


class StoredUpdateTemplate(WorkspaceScoped):
    """A workspace's text in place of a default stakeholder update template."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=20)
    label = models.CharField(max_length=60)
    text = models.TextField()

    class Meta(WorkspaceScoped.Meta):
        verbose_name = "update template"
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="update_template_once")]

    def __str__(self) -> str:
        return self.label
