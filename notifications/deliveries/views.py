"""Delivery pages: list, detail, resend."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Capability, allowed
from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import SeeOther
from incidents.reference import parse_reference
from notifications.deliveries.models import Delivery
from notifications.deliveries.selectors import attempts_of, deliveries_page, delivery_for
from notifications.deliveries.services import resend_delivery

PAGE: Final = "/settings/deliveries"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """GET: newest first; filter by `?outcome=` and `?incident=INC-42`, page by `?cursor=`."""
    actor = current_actor(request)
    outcome, cursor = request.GET.get("outcome", ""), request.GET.get("cursor", "")
    reference = request.GET.get("incident", "")
    number = parse_reference(reference) if reference else None
    found, following = deliveries_page(actor, incident_number=number, outcome=outcome, before=cursor)
    context = {
        "deliveries": found,
        "next_cursor": following,
        "outcome": outcome,
        "reference": reference if number else "",
        "outcomes": [("", "All"), *Delivery.Outcome.choices],
    }
    return render(request, "notifications/deliveries.html", HERE | context)


@require_safe
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """GET: one delivery with its attempts."""
    actor = current_actor(request)
    found = delivery_for(actor, delivery_id)
    context = {
        "delivery": found,
        "attempts": attempts_of(found),
        "may_resend": allowed(actor, Capability.INCIDENTS_WRITE) and found.state != "pending",
    }
    return render(request, "notifications/delivery.html", HERE | context)


@require_POST
def resend(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """POST: resend; 303 to the delivery."""
    again = resend_delivery(current_actor(request), delivery_id=delivery_id)
    messages.success(request, f"Sending to {again.label} again.")
    return SeeOther(f"{PAGE}/{again.pk}")
