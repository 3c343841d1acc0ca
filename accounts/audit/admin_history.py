"""Admin history pages that read the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.audit.selectors import entries_about
from accounts.models import AuditEntry
from core.admin.base import FastAdmin, ReadOnly


class AuditedAdmin(FastAdmin):
    """Mixin that shows the audit trail as the history of an object."""

    def workspaces_of(self, thing: Any) -> Sequence[int]:
        """Return the workspaces in whose audit logs the object may occur."""
        return [thing.workspace_id]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET …/history/: its audit entries, newest first."""
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        if not self.has_view_or_change_permission(request, thing):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {thing}",
            "entries": self._entries(thing),
            "object": thing,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audited_history.html", context)

    def _entries(self, thing: Any) -> list[AuditEntry]:
        kind = self.opts.model_name or ""
        found = [e for place in self.workspaces_of(thing) for e in entries_about(place, kind, thing.pk)]
        return sorted(found, key=lambda entry: -entry.pk)


class AuditedReadOnlyAdmin(AuditedAdmin, ReadOnly):
    """Read-only admin with the audit trail as history."""
