"""SLA targets page, with two presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, FieldFault, Invalid
from core.ui.htmx import SeeOther
from incidents.sla.deadlines import PRESETS, Clocks, Policy, policy_mark
from incidents.sla.services.policies import change_policies, policies_for
from incidents.vocabulary import Severity

PAGE: Final = "/settings/sla"
CLOCKS: Final = {
    "acknowledge_within": "Acknowledge within",
    "update_every": "Stakeholder update every",
    "resolve_within": "Resolve within",
}
PRESET_WORDS: Final = {
    "standard": "Fill in the standard targets",
    "response_times": "Fill in the longer response times",
}
Faults = Mapping[str, str]


@require_http_methods(["GET", "HEAD", "POST"])
def policies(request: HttpRequest) -> HttpResponse:
    """GET: the targets, or with `?preset=` a preset's, unsaved. POST: 303; 409, 422 with the input."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    now = policies_for(actor)
    if request.method != "POST":
        return _page(request, now, _typed(_preset(request) or now))
    try:
        change_policies(actor, policies=_read(request.POST), based_on=request.POST.get("based_on", ""))
    except Conflict as conflict:
        return _page(request, policies_for(actor), request.POST, conflict=conflict, status=409)
    except Invalid as refusal:
        faults = {fault.field: _sentence(fault) for fault in refusal.faults}
        return _page(request, now, request.POST, faults=faults, status=422)
    messages.success(request, "SLA targets saved.")
    return SeeOther(PAGE)


def _preset(request: HttpRequest) -> Policy | None:
    return PRESETS.get(request.GET.get("preset", ""))


def _sentence(fault: FieldFault) -> str:
    return f"{fault.message[:1].upper()}{fault.message[1:]}."


def _name(severity: Severity, clock: str) -> str:
    return f"{severity.value}.{clock}"


def _typed(policy: Policy) -> dict[str, str]:
    """Return them as form values; a missing target is empty."""
    return {
        _name(severity, clock): "" if getattr(clocks, clock) is None else str(getattr(clocks, clock))
        for severity, clocks in policy.items()
        for clock in CLOCKS
    }


def _read(data: Mapping[str, str]) -> dict[Severity, Clocks]:
    faults: list[FieldFault] = []
    read: dict[Severity, Clocks] = {}
    for severity in Severity:
        minutes = {clock: _minutes(data, _name(severity, clock), faults) for clock in CLOCKS}
        first = minutes["acknowledge_within"]
        if first is None and not any(f.field == _name(severity, "acknowledge_within") for f in faults):
            faults.append(FieldFault(_name(severity, "acknowledge_within"), "required", "is required"))
        read[severity] = Clocks(
            1 if first is None else first, minutes["update_every"], minutes["resolve_within"]
        )
    if faults:
        raise Invalid("The SLA targets were not saved.", faults=faults)
    return read


def _minutes(data: Mapping[str, str], name: str, faults: list[FieldFault]) -> int | None:
    text = data.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        faults.append(FieldFault(name, "value", "must be a whole number of minutes"))
        return None
    return int(text)


def _page(
    request: HttpRequest,
    now: Policy,
    typed: Mapping[str, str],
    *,
    faults: Faults | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "rows": [_row(severity, typed, faults or {}) for severity in Severity],
        "clocks": CLOCKS,
        "presets": PRESET_WORDS,
        "mark": policy_mark(now),
        "has_faults": bool(faults),
        "is_preset": request.method != "POST" and _preset(request) is not None,
        "conflict": conflict,
        "nav_current": "/settings",
        "menu_current": PAGE,
    }
    return render(request, "incidents/sla/targets.html", context, status=status)


def _row(severity: Severity, typed: Mapping[str, str], faults: Faults) -> dict[str, Any]:
    cells = [
        {
            "name": (name := _name(severity, clock)),
            "label": label,
            "value": typed.get(name, ""),
            "fault": faults.get(name, ""),
            "is_required": clock == "acknowledge_within",
        }
        for clock, label in CLOCKS.items()
    ]
    return {"severity": severity, "cells": cells}
