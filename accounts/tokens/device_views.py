"""Page where a person approves the code that a command line shows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.selectors import workspace_of
from accounts.sign_in.page_authentication import current_actor
from accounts.tokens.device_services import TOKEN_LIFE, approve_device, open_code
from core.errors import NotFound
from core.rate_limit.limiter import Limit, rate_limiter
from core.ui.htmx import SeeOther

MAX_TRIES_A_WINDOW = 10


@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    """GET: the form for a code, or with `?code=` its request. POST: approve or deny; 303."""
    actor = current_actor(request)
    given = (request.POST if request.method == "POST" else request.GET).get("code", "")
    context = {"typed": given[:20], "workspace": workspace_of(actor), "days": TOKEN_LIFE.days}
    if not given:
        return render(request, "accounts/tokens/device.html", context)
    rate_limiter().charge(Limit(f"device:user:{actor.user_id}", MAX_TRIES_A_WINDOW, 600, "codes"))
    try:
        if request.method != "POST":
            return render(request, "accounts/tokens/device.html", context | {"pending": _request_of(given)})
        is_approved = request.POST.get("decision") == "approve"
        code = approve_device(actor, user_code=given, is_approved=is_approved)
    except NotFound as refusal:
        return render(request, "accounts/tokens/device.html", context | {"refused": str(refusal)}, status=404)
    host = code.host or "The command line"
    messages.success(request, f"{host} is signed in." if is_approved else f"{host} was not signed in.")
    return SeeOther("/device")


def _request_of(given: str) -> object:
    return open_code(timezone.now(), user_code=given)
