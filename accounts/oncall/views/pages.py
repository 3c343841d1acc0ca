"""The on-call page, and the page of the person's calendar feeds."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.oncall.feed_urls import feed_url
from accounts.oncall.forms import FeedForm
from accounts.oncall.services.feeds import create_feed, feeds_of, revoke_feed
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

FEEDS: Final = "/settings/calendars"
HERE: Final = {"nav_current": "/settings", "menu_current": FEEDS}


@require_safe
def on_call(request: HttpRequest) -> HttpResponse:
    """GET /on-call: who is on call now and next, the shifts of 14 days, and their gaps."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_READ)
    context = {"may_edit": allowed(actor, Capability.ONCALL_WRITE)}
    return render(request, "accounts/oncall/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: HttpRequest) -> HttpResponse:
    """GET: the person's calendar feeds and a form. POST: 201 with the URL, once; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_READ)
    form = FeedForm(request.POST if request.method == "POST" else None)
    url, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                issued = create_feed(actor, **form.cleaned_data)
                url, status, form = feed_url(issued.secret), 201, FeedForm()
            except Invalid as refusal:
                note_faults(form, refusal)
    context = HERE | {"form": styled(form), "feeds": feeds_of(actor), "url": url}
    response = render(request, "accounts/oncall/feeds.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: revoke a feed; 303."""
    feed = revoke_feed(current_actor(request), feed_id=pk)
    messages.success(request, f"Calendar feed {feed.name} revoked.")
    return SeeOther(FEEDS)
