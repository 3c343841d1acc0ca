"""Panels of the status page for incident and postmortem pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from status.pages.selectors import page_or_none
from status.publishing.drift_reading import drifts_for
from status.publishing.selectors import is_hidden, published_of


@panel
class StatusPanel(IncidentPanel):
    """Publication state of the incident, discrepancies, and the publish buttons."""

    name = "status.incident"
    title = "Status page"
    template = "status/panels/incident.html"
    slot = "incident.side"
    order = 16

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident, page = incident_for(actor, key), page_or_none(actor)
        published = published_of(actor, incident) if page else None
        return {
            "incident": incident,
            "page": page,
            "published": published if published and published.withdrawn_at is None else None,
            "is_hidden": is_hidden(incident),
            "drifts": drifts_for(actor, timezone.now(), incident.pk) if page else [],
            "may_publish": allowed(actor, Capability.STATUS_PUBLISH),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        page, published = context["page"], context["published"]
        return repr((
            context["incident"].pk, page and (page.slug, page.title), context["is_hidden"],
            published and (published.public_id, published.public_title), context["may_publish"],
            [drift.words for drift in context["drifts"]],
        ))  # fmt: skip


@panel
class PublishedPanel(IncidentPanel):
    """Link from the postmortem to its incident on the status page, if published."""

    name = "status.postmortem"
    title = "Status page"
    template = "status/panels/postmortem.html"
    slot = "postmortem.side"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident, page = incident_for(actor, key), page_or_none(actor)
        published = published_of(actor, incident) if page else None
        is_shown = published is not None and published.withdrawn_at is None and not is_hidden(incident)
        return {"incident": incident, "page": page, "published": published if is_shown else None}

    def version(self, context: Mapping[str, Any]) -> str:
        page, published = context["page"], context["published"]
        named = published and (page.slug, published.public_id, published.public_title)
        return repr((context["incident"].pk, named))
