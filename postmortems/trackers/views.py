"""Settings page of trackers, and their webhook endpoint."""

from __future__ import annotations

import json
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound, Problem
from core.rate_limit.limiter import Limit, rate_limiter
from core.secrets.encryption import decrypt
from core.ui.htmx import SeeOther, done
from postmortems.trackers import services
from postmortems.trackers.models import Tracker
from postmortems.trackers.selectors import address_of, tracker_with_key, trackers_of
from postmortems.trackers.signatures import is_signed

NAV: Final = {"nav_current": "/settings", "menu_current": "/settings/trackers"}
MAX_BODY_BYTES: Final = 1_000_000
MAX_PER_MINUTE: Final = 600


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """GET: the trackers. POST: create one; 200 with address and secret, shown once; 422 with the error."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    if request.method != "POST":
        return _page(request)
    name = request.POST.get("name", "")
    try:
        issued = services.create_tracker(actor, name=name)
    except Invalid as fault:
        return _page(request, status=422, fault=fault, name=name)
    address = address_of(issued.row)
    return _page(request, issued=issued, address=address)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    rows = [(one, address_of(one)) for one in trackers_of(current_actor(request))]
    response = render(request, "postmortems/trackers/list.html", {**NAV, "rows": rows, **more}, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def delete(request: HttpRequest, tracker_id: int) -> HttpResponse:
    """POST: delete one; 303 to the list."""
    try:
        services.delete_tracker(current_actor(request), tracker_id=tracker_id)
    except NotFound as problem:
        messages.error(request, problem.detail)
        return SeeOther("/settings/trackers")
    return done(request, "Tracker removed.", url="/settings/trackers")


@csrf_exempt
@require_POST
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """POST: 200 with the number of changed items; 401 wrong signature, 400 invalid body."""
    tracker = tracker_with_key(key[:60])
    if tracker is None:
        raise NotFound("There is no such tracker.")
    rate_limiter().charge(Limit(f"tracker:{tracker.pk}", MAX_PER_MINUTE, 60, "reports of a tracker a minute"))
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return JsonResponse({"detail": f"A report may have at most {MAX_BODY_BYTES} bytes."}, status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = timezone.now()
    if not is_signed(decrypt(tracker.sealed_secret), headers, request.body, now):
        Tracker.objects.of(tracker.workspace_id).filter(pk=tracker.pk).update(last_refused_at=now)
        return JsonResponse({"detail": "Wrong signature. Nothing was changed."}, status=401)
    try:
        body = json.loads(request.body)
        if not isinstance(body, dict):
            raise ValueError("the body is not a JSON object")
        changed = services.receive(tracker.workspace_id, tracker=tracker, body=body, now=now)
    except (ValueError, RecursionError, OverflowError, Problem) as fault:
        words = fault.detail if isinstance(fault, Problem) else str(fault)[:200]
        return JsonResponse({"detail": f"Invalid report: {words}. Nothing was changed."}, status=400)
    return JsonResponse({"changed": changed})
