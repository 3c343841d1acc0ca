"""Restoring an incident from its page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import done
from incidents.archive.services.planning import request_restore


@require_POST
def restore(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: restore timeline and events; 303 to the incident."""
    planned = request_restore(current_actor(request), reference, now=timezone.now())
    name = planned.incident.reference
    return done(request, f"{name} is being restored; reload in a moment.", url=f"/incidents/{name}")
