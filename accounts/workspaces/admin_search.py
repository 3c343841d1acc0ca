"""Admin search by number, using indexes that start with the workspace."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Workspace
from core.admin.base import NEWEST, LargeTableAdmin


def in_all_workspaces(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add a condition on the workspace that matches all, so that an index beginning with it is used."""
    return rows.filter(workspace_id__in=list(Workspace.objects.values_list("pk", flat=True)))


def number_in(term: str) -> int | None:
    """Return the number that was searched for, at most 18 digits; None for words."""
    digits = term.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else None


class IncidentRowsAdmin(LargeTableAdmin):
    """Admin of rows that belong to incidents: a number finds all rows of that incident, however old."""

    search_help_text = f"The number of an incident, or words in the newest {NEWEST:,} rows"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Search by an incident's number, else by words."""
        number = number_in(search_term)
        if number is None:
            return super().get_search_results(request, queryset, search_term)
        incidents = self.model._meta.get_field("incident").related_model._base_manager
        found = in_all_workspaces(incidents.filter(number=number)).values_list("pk", flat=True)
        return queryset.filter(incident_id__in=list(found)), False
