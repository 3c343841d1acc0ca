"""SLA targets in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from accounts.audit.selectors import entries_about
from accounts.models import AuditEntry
from incidents.models import SlaPolicy
from incidents.sla.deadlines import Clocks
from incidents.sla.services.clocks import policy_of
from incidents.sla.services.policies import change_policies
from incidents.vocabulary import Severity


@admin.register(SlaPolicy)
class SlaPolicyAdmin(ServiceAdmin):
    editable = ("acknowledge_within", "update_every", "resolve_within")
    list_display = ("workspace", "severity", "acknowledge_within", "update_every", "resolve_within")
    list_filter = ("workspace", "severity")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: SlaPolicy, changes: Mapping[str, Any]) -> None:
        """Set the targets of this severity."""
        clocks = Clocks(*(getattr(thing, name) for name in self.editable))
        change_policies(actor, policies={**policy_of(actor.workspace_id), Severity(thing.severity): clocks})

    def _entries(self, thing: SlaPolicy) -> list[AuditEntry]:
        """Return audit entries of the workspace, under which the service writes them."""
        found = entries_about(thing.workspace_id, "workspace", thing.workspace_id)
        return sorted((one for one in found if one.action == "sla.update"), key=lambda one: -one.pk)
