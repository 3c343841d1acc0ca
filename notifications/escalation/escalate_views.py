"""Confirmation page of a manual escalation."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, NotFound
from core.ui.htmx import done, render
from incidents.models import Incident
from incidents.selectors import incident_for
from notifications.escalation.present import shown_escalation
from notifications.escalation.services.by_hand import escalate_now

MAX_CURSOR: Final = 60


@require_http_methods(["GET", "HEAD", "POST"])
def escalate(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: who would be paged. POST: page them; 303 or 204, 409 if a step ran meanwhile."""
    actor = current_actor(request)
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, reference)
    if request.method != "POST":
        return _page(request, actor, incident)
    cursor = request.POST.get("cursor", "")[:MAX_CURSOR] or "none"
    try:
        escalate_now(actor, reference=reference, cursor=cursor, now=timezone.now())
    except (Conflict, NotFound) as conflict:
        return _page(request, actor, incident, status=409, conflict=conflict)
    topics = (f"incident:{incident.number}",)
    return done(
        request, f"{incident.reference} escalated", url=f"/incidents/{incident.reference}", topics=topics
    )


def _page(
    request: HttpRequest, actor: Actor, incident: Incident, *, status: int = 200, **more: Any
) -> HttpResponse:
    shown = shown_escalation(actor, incident, now=timezone.now())
    context = {"incident": incident, "shown": shown, "nav_current": "/incidents", **more}
    response = render(request, "notifications/escalation/escalate.html", context, part="form", status=status)
    if status >= 400:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response
