"""Runs a rule test from the rule form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.htmx import wants_fragment
from detection.models import DetectionRule
from detection.rules import rule_form
from detection.rules.rule_test import RuleTestResult, SampleEvent
from detection.rules.sample_events import pasted_events, stored_events, uploaded_events
from detection.rules.services.rule_test import run_draft_test
from detection.rules.views.rules import rule_page
from detection.selectors import rule_for

TOO_SLOW = "It took longer than five seconds. Try a shorter period, or fewer events."


@require_POST
def try_rule(request: HttpRequest) -> HttpResponse:
    """POST the rule's form: what it would have opened. For htmx only the result, else the page."""
    actor = current_actor(request)
    require(actor, Capability.RULES_WRITE)
    rule = _stored(actor, request)
    try:
        trial, is_cut = _tried(actor, request)
    except Invalid as refusal:
        faults = [f"{fault.field}: {fault.message}" for fault in refusal.faults] or [refusal.detail]
        return _response(request, rule, None, faults=faults, status=422)
    except DatabaseError:
        return _response(request, rule, None, faults=[TOO_SLOW], status=422)
    return _response(request, rule, trial, is_cut=is_cut)


def _stored(actor: Actor, request: HttpRequest) -> DetectionRule | None:
    rule_id = request.POST.get("rule", "")
    return rule_for(actor, rule_id) if rule_id else None


def _tried(actor: Actor, request: HttpRequest) -> tuple[RuleTestResult, bool]:
    events, is_cut = _events(actor, request)
    fields = rule_form.sent(request.POST, is_new="rule_id" in request.POST)
    return run_draft_test(actor, fields=fields, events=events), is_cut


def _events(actor: Actor, request: HttpRequest) -> tuple[Sequence[SampleEvent], bool]:
    now = timezone.now()
    if request.POST.get("try_on") == "uploaded":
        return uploaded_events(request.FILES.get("file"), now=now), False
    if request.POST.get("try_on") != "stored":
        return pasted_events(request.POST.get("events", ""), now=now), False
    text = request.POST.get("minutes", "")
    minutes = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return stored_events(actor, minutes=minutes, now=now)


def _response(
    request: HttpRequest,
    rule: DetectionRule | None,
    trial: RuleTestResult | None,
    *,
    faults: Sequence[str] = (),
    is_cut: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"trial": trial, "trial_faults": faults, "trial_is_cut": is_cut}
    if wants_fragment(request):
        return render(request, "detection/trial.html", context, status=status)
    page = rule_page(request, rule, request.POST, **context)
    page.status_code = status
    return page
