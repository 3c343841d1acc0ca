"""Page that explains an event."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from detection.evaluation.panels import shown
from detection.explain.report import event_report


@require_safe
def event(request: HttpRequest, event_pk: int) -> HttpResponse:
    """GET: which rules the event matched or missed, and which incident counts it."""
    report = event_report(current_actor(request), pk=event_pk)
    context = {"report": report, "item": shown(report.event), "nav_current": "/incidents"}
    return render(request, "detection/explain.html", context)
