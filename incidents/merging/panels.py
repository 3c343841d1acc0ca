"""Panel of merges and of proposals to merge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.merging.proposals import proposals_for
from incidents.merging.selectors import merge_of, merges_into
from incidents.selectors import incident_for


@panel
class IncidentMerges(IncidentPanel):
    """Incidents merged into this one, or where it was merged, and proposals."""

    name = "incident.merges"
    title = "Duplicates"
    template = "incidents/merging/panels/merges.html"
    slot = "incident.side"
    order = 28

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "merge": merge_of(actor, incident) if incident.merged_into_id else None,
            "merges": merges_into(actor, incident),
            "proposals": proposals_for(actor, incident),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "now": timezone.now(),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        shown = [(one.incident.pk, one.incident.version, one.kinds) for one in context["proposals"]]
        merges = [one.pk for one in context["merges"]]
        incident, merge = context["incident"], context["merge"]
        own = (incident.pk, incident.version, context["may_act"], merge.pk if merge else 0)
        return "|".join(map(str, (*own, merges, shown)))
