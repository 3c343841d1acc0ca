"""Panels of role offers on the incident page and on the landing page, and of role history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.handoff.selectors import ShownOffer, offers_for, offers_on
from incidents.lifecycle.panels import IncidentPanel
from incidents.roles.instructions import INSTRUCTIONS
from incidents.selectors import incident_for, roles_of
from incidents.vocabulary import ResponseRole


@panel
class IncidentOffers(IncidentPanel):
    """Pending offers with the state of the incident, and the outcome of the viewer's own."""

    name = "incident.offers"
    title = "Offers of roles"
    template = "incidents/handoff/panels/offers.html"
    slot = "incident.actions"
    css = "stack"
    order = 5

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return _context(actor, offers_on(actor, incident)) | {"incident": incident}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{super().version(context)}|{_states(context)}"


@panel
class MyOffers(Panel):
    """Offers to the viewer, and the outcome of the viewer's own offers."""

    name = "incidents.offers"
    title = "Offers of roles"
    template = "incidents/handoff/panels/offers.html"
    every_s = 60

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        return _context(actor, offers_for(actor))

    def version(self, context: Mapping[str, Any]) -> str:
        return _states(context)


def _context(actor: Actor, offers: list[ShownOffer]) -> dict[str, Any]:
    return {"offers": offers, "may_act": allowed(actor, Capability.INCIDENTS_WRITE)}


def _states(context: Mapping[str, Any]) -> str:
    return repr([(one.offer.pk, one.offer.answer, context["may_act"]) for one in context["offers"]])


@panel
class IncidentRoles(IncidentPanel):
    """Duties of each role, and its holders over time."""

    name = "incident.roles"
    title = "Role history"
    template = "incidents/handoff/panels/roles.html"
    slot = "incident.side"
    order = 25

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        held = roles_of(actor, incident, history=True)
        roles = [
            (role.label, INSTRUCTIONS[role], [one for one in held if one.role == role])
            for role in ResponseRole
        ]
        return {"incident": incident, "roles": roles}
