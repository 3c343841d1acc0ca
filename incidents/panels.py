"""The panels of the incident pages, and the entries these pages have in the side bar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.navigation import NAVIGATION, NavItem
from core.panels import Panel, panel
from incidents.clocks import clock_of
from incidents.filters import IncidentFilter, parse_filter
from incidents.keyset import Page
from incidents.models import Incident, TimelineEntry
from incidents.selectors import (
    affected_components,
    incident_for,
    incidents_page,
    open_incidents_for,
    roles_of,
    timeline_around,
    timeline_page,
)
from incidents.vocabulary import UNRESOLVED, EntryKind, ResponseRole, Severity

NAVIGATION.add("active", NavItem("Active", "siren", "/", order=10, exact=True))
NAVIGATION.add("incidents", NavItem("All incidents", "list", "/incidents", order=20))

FILTERS = ("severity", "status", "component", "since", "until", "type", "search", "label", "project", "stage")
TOLD = (EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.STATUS_CHANGE)
MENU = (
    ("assign", "Assign a role", "user-round-plus"),
    ("severity", "Change severity", "gauge"),
    ("edit", "Edit details", "pencil"),
)
KINDS: Mapping[str, tuple[EntryKind, ...]] = {
    "": (),
    "updates": TOLD,
    "notes": (EntryKind.NOTE,),
    "detection": (EntryKind.DETECTED, EntryKind.EVENT, EntryKind.SLA),
}


def _versions(incidents: Iterable[Incident], *more: object) -> str:
    seen = ",".join(f"{i.pk}.{i.version}.{i.event_count}" for i in incidents)
    return "|".join([seen, *map(str, more)])


def _is_filtered(query: Mapping[str, str]) -> bool:
    return any(query.get(name) for name in FILTERS)


@panel
class ActiveIncidents(Panel):
    """What is open now: the viewer's own first."""

    name = "incidents.active"
    title = "Active incidents"
    template = "incidents/panels/active.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        everything = open_incidents_for(actor)
        mine = {i.pk for i in everything if getattr(i, "is_mine", False)}
        shown = _filtered(actor, query) if _is_filtered(query) else everything
        counts = {"mine": sum(i.pk in mine for i in shown), "all": len(shown)}
        if query.get("view") == "mine":
            shown = [i for i in shown if i.pk in mine]
        now = timezone.now()
        return {
            "incidents": shown,
            "counts": counts,
            "is_filtered": _is_filtered(query),
            "view": query.get("view", ""),
            "waiting": sum(i.acknowledged_at is None for i in everything),
            "overdue": sum((c := clock_of(i, now)) is not None and c.state == "missed" for i in everything),
            "worst": sum(i.severity in ("sev1", "sev2") for i in everything),
            "open_count": len(everything),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        names = ("counts", "waiting", "overdue", "open_count", "may_act")
        return _versions(context["incidents"], *(context[name] for name in names))


def _filtered(actor: Actor, query: Mapping[str, str]) -> list[Incident]:
    given = {"status": "active"} | {name: query[name] for name in FILTERS if query.get(name)}
    return list(incidents_page(actor, parse_filter(given), limit=200).items)


@panel
class AllIncidents(Panel):
    """Every incident, newest first, in pages."""

    name = "incidents.list"
    title = "Incidents"
    template = "incidents/panels/list.html"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        wanted = parse_filter(query) if _is_filtered(query) else IncidentFilter()
        page = incidents_page(actor, wanted, cursor=query.get("cursor") or None)
        return {
            "incidents": page.items,
            "next_cursor": page.next_cursor,
            "is_filtered": _is_filtered(query),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return _versions(context["incidents"], context["next_cursor"], context["may_act"])


class IncidentPanel(Panel):
    """A panel of one incident's page; its key is the number."""

    def topics(self, key: str) -> tuple[str, ...]:
        return (f"incident:{key}",)

    def version(self, context: Mapping[str, Any]) -> str:
        return _versions([context["incident"]], context.get("may_act"), context.get("newest"))


@panel
class IncidentHeader(IncidentPanel):
    """Severity, title, status, roles, deadline, and what can be done now."""

    name = "incident.header"
    title = "State"
    template = "incidents/panels/header.html"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        held = {r.role: r.user for r in roles_of(actor, incident)}
        return {
            "incident": incident,
            "roles": [(role.value, role.label, held.get(role.value)) for role in ResponseRole],
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "is_unresolved": incident.status in UNRESOLVED,
            "severities": Severity.values,
            "menu": MENU,
        }


@panel
class IncidentTimeline(IncidentPanel):
    """What happened, newest first."""

    name = "incident.timeline"
    title = "Timeline"
    template = "incidents/panels/timeline.html"
    slot = "incident.main"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        kind = query.get("kind", "")
        page = _story(actor, key, kind, query)
        newest = page.items[0].pk if page.items else 0
        return {
            "incident": incident_for(actor, key),
            "entries": page.items,
            "next_cursor": page.next_cursor,
            "is_later": bool(query.get("before") or query.get("entry")),
            "newest": f"{newest}.{len(page.items)}",
            "kind": kind,
            "kinds": [
                ("", "Everything"),
                ("updates", "Updates"),
                ("notes", "Notes"),
                ("detection", "Detection"),
            ],
        }


def _story(actor: Actor, key: str, kind: str, query: Mapping[str, str]) -> Page[TimelineEntry]:
    """The page asked for: the one with an entry that somebody linked to, else by kind and cursor."""
    if entry := _entry(query):
        return timeline_around(actor, key, entry)
    return timeline_page(actor, key, kinds=KINDS.get(kind, ()), cursor=query.get("before") or None)


def _entry(query: Mapping[str, str]) -> int:
    given = query.get("entry", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0


@panel
class IncidentComponents(IncidentPanel):
    """What it touches, and how badly."""

    name = "incident.components"
    title = "Components"
    template = "incidents/panels/components.html"
    slot = "incident.side"
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "affected": affected_components(actor, incident),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }


@panel
class IncidentFacts(IncidentPanel):
    """Type, times, counts and labels."""

    name = "incident.facts"
    title = "Details"
    template = "incidents/panels/facts.html"
    slot = "incident.side"
    order = 20

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            **_measures(incident),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }


def _measures(incident: Incident) -> dict[str, Any]:
    start = incident.detected_at
    return {
        "mttd": start - incident.started_at,
        "mtta": incident.acknowledged_at and incident.acknowledged_at - start,
        "mttr": incident.resolved_at and incident.resolved_at - start,
    }
