"""Public pages: subscribe, confirm, unsubscribe. No CSRF, no session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.errors import Gone, Invalid, RateLimited
from core.http.client_ip import client_ip, network_of
from status.snapshots.disk import PageCopy
from status.snapshots.views import copy_for, copy_named, page
from status.subscriptions.selectors import subscription_text
from status.subscriptions.services.subscribing import confirm, subscribe, unsubscribe
from status.subscriptions.tokens import read_token

METHODS = ("GET", "HEAD", "POST")


@csrf_exempt  # static page without token; no session is involved
@require_http_methods(METHODS)
def subscribe_page(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the form. POST: plan a confirmation; the response is the same for known addresses."""
    if request.method != "POST":
        return page(request, slug, "subscribe")
    copy = copy_for(request, slug)
    client = client_ip(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
    try:
        subscribe(
            copy.workspace_id,
            kind=request.POST.get("kind", "email"),
            address=request.POST.get("address", "")[:1000],
            components=request.POST.getlist("components")[:200],
            client=network_of(client),
        )
    except Invalid as refusal:
        fault = refusal.faults[0]
        return _message_page(
            request, copy, "Not subscribed", f"The {fault.field} {fault.message}.", status=422
        )
    except RateLimited as refusal:
        return _message_page(request, copy, "Not subscribed", refusal.detail, status=429)
    return _message_page(
        request, copy, "Check your inbox",
        "If the address can be subscribed, a confirmation was sent. It is valid for 24 hours.",
    )  # fmt: skip


@csrf_exempt  # authorized by the signed token
@require_http_methods(METHODS)
def confirm_page(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """GET: a button, since mail scanners open links. POST: confirm."""
    copy = copy_named(slug)
    try:
        public_id, components = read_token("confirm", token)
        if request.method != "POST":
            return _confirmation_page(request, copy, "Confirm your subscription", "Confirm")
        confirm(copy.workspace_id, public_id=public_id, components=components)
    except Gone as refusal:
        return _message_page(request, copy, "Not confirmed", refusal.detail, status=410)
    return _message_page(request, copy, "Subscribed", subscription_text(copy.workspace_id, public_id))


@csrf_exempt  # RFC 8058: mail clients post without CSRF token
@require_http_methods(METHODS)
def unsubscribe_page(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """GET: a button. POST: unsubscribe, also by one click in a mail client."""
    copy = copy_named(slug)
    try:
        public_id, _ = read_token("unsubscribe", token)
        if request.method != "POST":
            text = subscription_text(copy.workspace_id, public_id)
            return _confirmation_page(request, copy, "Unsubscribe", "Unsubscribe", text)
        unsubscribe(copy.workspace_id, public_id=public_id)
    except Gone as refusal:
        return _message_page(request, copy, "Not unsubscribed", refusal.detail, status=410)
    return _message_page(request, copy, "Unsubscribed", "You will no longer be notified.")


def _message_page(
    request: HttpRequest, copy: PageCopy, title: str, text: str, *, status: int = 200
) -> HttpResponse:
    return _page(request, copy, {"title": title, "text": text}, status)


def _confirmation_page(
    request: HttpRequest, copy: PageCopy, title: str, button: str, text: str = ""
) -> HttpResponse:
    return _page(request, copy, {"title": title, "button": button, "text": text}, 200)


def _page(request: HttpRequest, copy: PageCopy, texts: dict[str, str], status: int) -> HttpResponse:
    context = {"page": {"slug": copy.slug, "title": "Status page"}, **texts}
    response = render(request, "status/public/say.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response
