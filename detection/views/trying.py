"""Trying a rule from its form: on pasted events, or on those of the last minutes. Changes nothing."""

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
from accounts.web import current_actor
from core.errors import Invalid
from core.htmx import wants_fragment
from detection import rule_form
from detection.models import DetectionRule
from detection.samples import pasted_events, stored_events
from detection.selectors import rule_for
from detection.services.trying import try_draft
from detection.trial import Trial, TriedEvent
from detection.views.rules import rule_page

TOO_SLOW = "It took longer than five seconds. Try fewer minutes, or fewer events."


@require_POST
def try_rule(request: HttpRequest) -> HttpResponse:
    """POST the rule's form: what it would have opened. For htmx the result alone, else the page."""
    actor = current_actor(request)
    require(actor, Capability.RULES_WRITE)
    rule = _stored(actor, request)
    try:
        trial, is_cut = _tried(actor, request)
    except Invalid as refusal:
        faults = [f"{fault.field}: {fault.message}" for fault in refusal.faults] or [refusal.detail]
        return _answer(request, rule, None, faults=faults, status=422)
    except DatabaseError:
        return _answer(request, rule, None, faults=[TOO_SLOW], status=422)
    return _answer(request, rule, trial, is_cut=is_cut)


def _stored(actor: Actor, request: HttpRequest) -> DetectionRule | None:
    rule_id = request.POST.get("rule", "")
    return rule_for(actor, rule_id) if rule_id else None


def _tried(actor: Actor, request: HttpRequest) -> tuple[Trial, bool]:
    events, is_cut = _events(actor, request)
    fields = rule_form.sent(request.POST, is_new="rule_id" in request.POST)
    return try_draft(actor, fields=fields, events=events), is_cut


def _events(actor: Actor, request: HttpRequest) -> tuple[Sequence[TriedEvent], bool]:
    now = timezone.now()
    if request.POST.get("try_on") != "stored":
        return pasted_events(request.POST.get("events", ""), now=now), False
    text = request.POST.get("minutes", "")
    minutes = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return stored_events(actor, minutes=minutes, now=now)


def _answer(
    request: HttpRequest,
    rule: DetectionRule | None,
    trial: Trial | None,
    *,
    faults: Sequence[str] = (),
    is_cut: bool = False,
    status: int = 200,
) -> HttpResponse:
    told: dict[str, Any] = {"trial": trial, "trial_faults": faults, "trial_is_cut": is_cut}
    if wants_fragment(request):
        return render(request, "detection/trial.html", told, status=status)
    page = rule_page(request, rule, request.POST, **told)
    page.status_code = status
    return page
