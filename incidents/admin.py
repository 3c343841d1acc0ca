"""Read-only Django admin of incidents; the `admin` modules below this package change configuration."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audit.admin_history import AuditedReadOnlyAdmin
from accounts.workspaces.admin_search import IncidentRowsAdmin, in_all_workspaces, number_in
from core.admin.base import LargeTableAdmin, ReadOnly, one_of
from incidents.archive.models import IncidentArchive
from incidents.models import (
    AffectedComponent,
    Analysis,
    Attachment,
    AutoResolution,
    ChecklistItem,
    CriterionResult,
    Decision,
    DismissedProposal,
    Drill,
    DrillParticipant,
    EntryAmendment,
    Incident,
    IncidentCounter,
    IncidentEssence,
    IncidentEvidence,
    IncidentLink,
    IncidentMeasure,
    IncidentSignal,
    IncidentVerdict,
    InvitedPerson,
    Merge,
    PrecomputedFigures,
    RoleAssignment,
    RoleOffer,
    SlaClock,
    StageVisit,
    TimelineEntry,
)


@admin.register(Incident)
class IncidentAdmin(AuditedReadOnlyAdmin):
    list_display = (
        "reference",
        "title",
        "workspace",
        "severity",
        "status",
        "stage",
        "event_count",
        "detected_at",
    )
    list_filter = ("workspace", "severity", "status", "incident_type", "source", "is_drill")
    search_fields = ("title",)
    search_help_text = "A number, or part of a title"
    sortable_by = ()  # newest first; sorting by another column would read the whole table
    list_select_related = ("workspace",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Incident], search_term: str) -> Any:
        """Search by number, else by title: each has an index, a combined condition would use neither."""
        number = number_in(search_term)
        if number is None:
            return super().get_search_results(request, queryset, search_term)
        return in_all_workspaces(queryset).filter(number=number), False


@admin.register(TimelineEntry)
class TimelineEntryAdmin(IncidentRowsAdmin):
    list_display = ("occurred_at", "incident", "kind", "author_label", "is_public", "message")
    list_filter = ("workspace", "kind", "is_public")
    search_fields = ("author_label",)
    list_select_related = ("incident",)


@admin.register(IncidentSignal)
class IncidentSignalAdmin(IncidentRowsAdmin):
    list_display = ("incident", "reporter", "fingerprint", "first_at", "last_at")
    list_filter = ("workspace",)
    search_fields = ("reporter", "=fingerprint")
    list_select_related = ("incident",)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(IncidentRowsAdmin):
    list_display = ("incident", "role", "user", "assigned_at", "ended_at")
    list_filter = ("workspace", "role", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("user__username",)
    list_select_related = ("incident", "user")


@admin.register(Analysis)
class AnalysisAdmin(IncidentRowsAdmin):
    list_display = ("created_at", "incident", "revision", "author", "category", "severity", "event_count")
    list_filter = ("workspace", "author", "category")
    search_fields = ("=rules_digest",)
    list_select_related = ("incident",)


@admin.register(IncidentEssence)
class IncidentEssenceAdmin(IncidentRowsAdmin):
    list_display = ("incident", "essence")
    list_filter = ("workspace",)
    list_select_related = ("incident",)


@admin.register(AffectedComponent)
class AffectedComponentAdmin(IncidentRowsAdmin):
    list_display = ("incident", "component", "impact")
    list_filter = ("workspace", "impact")
    search_fields = ("component__name",)
    list_select_related = ("incident", "component")


@admin.register(IncidentCounter)
class IncidentCounterAdmin(ReadOnly):
    list_display = ("workspace", "last_number")
    list_select_related = ("workspace",)


@admin.register(IncidentEvidence)
class IncidentEvidenceAdmin(IncidentRowsAdmin):
    list_display = (
        "incident",
        "event_count",
        "error_count",
        "peak_error_rate",
        "primary_type",
        "primary_source",
    )
    list_filter = ("workspace",)
    search_fields = ("primary_source", "primary_type")
    list_select_related = ("incident",)


@admin.register(SlaClock)
class SlaClockAdmin(IncidentRowsAdmin):
    list_display = ("incident", "kind", "phase", "generation", "deadline", "due_at", "state", "breaches")
    list_filter = ("workspace", "kind", "phase", "state")
    list_select_related = ("incident",)


@admin.register(StageVisit)
class StageVisitAdmin(IncidentRowsAdmin):
    list_display = ("incident", "stage", "entered_at", "left_at", "skipped_at", "skip_reason")
    list_filter = ("workspace", "stage")
    list_select_related = ("incident",)


@admin.register(ChecklistItem)
class ChecklistItemAdmin(IncidentRowsAdmin):
    list_display = ("incident", "stage", "position", "text", "ticked_label", "ticked_at")
    list_filter = ("workspace", "stage", one_of("kind", "action", "check", "exit"))
    list_select_related = ("incident",)


@admin.register(InvitedPerson)
class InvitedPersonAdmin(IncidentRowsAdmin):
    list_display = ("incident", "user", "viewer", "reason", "invited_by", "invited_at")
    list_filter = ("workspace", "reason")
    list_select_related = ("incident", "user")


@admin.register(RoleOffer)
class RoleOfferAdmin(IncidentRowsAdmin):
    list_display = ("incident", "role", "from_user", "to_user", "answer", "made_at", "expires_at")
    list_filter = ("workspace", "role", "answer")
    list_select_related = ("incident", "from_user", "to_user")


@admin.register(EntryAmendment)
class EntryAmendmentAdmin(ReadOnly):
    list_display = ("entry", "number", "kind", "by_label", "at")
    list_filter = ("workspace", "kind")
    list_select_related = ("entry",)


@admin.register(CriterionResult)
class CriterionResultAdmin(ReadOnly):
    """The latest result of each exit criterion."""

    list_display = ("incident", "criterion", "verdict", "why", "is_positive", "is_measured", "checked_at")
    list_filter = ("verdict",)
    list_select_related = ("incident",)


@admin.register(AutoResolution)
class AutoResolutionAdmin(ReadOnly):
    """Incidents that Tocsin resolved."""

    list_display = ("incident", "resolved_at", "by_action", "signs")
    list_filter = ("by_action",)
    list_select_related = ("incident",)


@admin.register(IncidentVerdict)
class IncidentVerdictAdmin(ReadOnly):
    """Reviews of incidents by people: real problem or false positive."""

    list_display = ("incident", "verdict", "reason", "reviewed_label", "reviewed_at")
    list_filter = ("verdict", "reason")
    list_select_related = ("incident",)


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly):
    list_display = ("name", "workspace", "incident", "content_type", "size", "uploaded_label", "uploaded_at")
    list_filter = ("workspace", one_of("content_type", "image/png", "image/jpeg", "image/gif", "image/webp"))
    list_select_related = ("workspace", "incident")
    ordering = ("-pk",)


@admin.register(IncidentArchive)
class IncidentArchiveAdmin(LargeTableAdmin):
    list_display = ("incident", "workspace", "phase", "state", "rows", "size", "archived_at", "restored_at")
    list_select_related = ("workspace", "incident")


@admin.register(Merge)
class MergeAdmin(ReadOnly):
    list_display = ("survivor", "absorbed", "state", "by_label", "merged_at", "undo_until", "undone_at")
    list_filter = ("workspace", "state")
    list_select_related = ("survivor", "absorbed")


@admin.register(DismissedProposal)
class DismissedProposalAdmin(ReadOnly):
    list_display = ("low", "high", "kinds", "by_label", "dismissed_at")
    list_filter = ("workspace",)
    list_select_related = ("low", "high")


@admin.register(IncidentLink)
class IncidentLinkAdmin(ReadOnly):
    list_display = ("low", "high", "kind", "score", "by_label", "created_at", "removed_at")
    list_filter = ("workspace", "kind")
    list_select_related = ("low", "high")


@admin.register(Drill)
class DrillAdmin(AuditedReadOnlyAdmin):
    list_display = (
        "title",
        "workspace",
        "incident_type",
        "severity",
        "incident",
        "planned_label",
        "created_at",
    )
    list_filter = ("workspace", "severity")
    list_select_related = ("workspace", "incident")
    ordering = ("-pk",)


@admin.register(DrillParticipant)
class DrillParticipantAdmin(ReadOnly):
    list_display = ("drill", "user", "joined_at")
    list_select_related = ("drill", "user")
    ordering = ("-pk",)


@admin.register(Decision)
class DecisionAdmin(LargeTableAdmin):
    list_display = ("id", "at", "incident_id", "stage", "verdict", "reason", "subject", "event_kind")
    search_fields = ("=id",)


@admin.register(IncidentMeasure)
class IncidentMeasureAdmin(LargeTableAdmin):
    list_display = ("incident", "severity", "status", "detected_at", "to_acknowledge", "to_resolve")
    list_select_related = ("incident",)
    ordering = ("-pk",)


@admin.register(PrecomputedFigures)
class PrecomputedFiguresAdmin(ReadOnly):
    list_display = ("workspace", "period", "audience", "made_at", "took_ms")
    list_filter = ("workspace", "audience")
    list_select_related = ("workspace",)
