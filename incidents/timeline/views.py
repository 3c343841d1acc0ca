"""Page with all texts of one timeline entry."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from incidents.selectors import incident_for
from incidents.timeline.selectors import amendments_of, entry_for


@require_safe
def entry_history(request: HttpRequest, reference: str, entry_id: int) -> HttpResponse:
    """GET /incidents/INC-42/entries/123: the original text and every amendment."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    entry = entry_for(actor, incident, entry_id)
    context = {
        "incident": incident,
        "entry": entry,
        "amendments": amendments_of(actor, entry),
        "nav_current": "/incidents",
    }
    return render(request, "incidents/timeline/entry_history.html", context)
