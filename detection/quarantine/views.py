"""Quarantine pages: list, detail, replay, discard."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Capability, allowed
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, Malformed, Problem
from core.ui.htmx import done
from detection.models import QuarantinedRequest
from detection.quarantine.refusal_reasons import reasons_of
from detection.quarantine.services.discarding import discard_quarantined
from detection.quarantine.services.replaying import replay as replay_quarantined
from detection.sources.own_keys import masked
from detection.sources.selectors import quarantine_page, quarantined_for
from detection.webhooks.format import webhook_formats
from detection.webhooks.http.unpacking import unpacked

NAV = {"nav_current": "/sources"}
MAX_SHOWN = 20_000


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET /quarantine: requests in quarantine, newest first; `?source=` only that source's."""
    actor = current_actor(request)
    wanted = request.GET.get("source", "")
    page = quarantine_page(
        actor, source_id=int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None,
        cursor=request.GET.get("cursor") or None,
    )  # fmt: skip
    may_change = allowed(actor, Capability.SOURCES_WRITE)
    context = {**NAV, "page": page, "source": wanted, "may_change": may_change}
    return render(request, "detection/quarantine/list.html", context)


@require_safe
def detail(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """GET /quarantine/<id>: the reason, the headers, and the body with its secrets masked."""
    return _page(request, quarantined_for(current_actor(request), quarantine_id))


@require_POST
def replay(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """POST: replay it; 303 to the list, or 422 with the remaining faults."""
    actor = current_actor(request)
    try:
        receipt = replay_quarantined(actor, quarantined_id=quarantine_id)
    except (Invalid, Malformed) as fault:
        return _page(request, quarantined_for(actor, quarantine_id), fault=fault)
    if receipt.refused:
        message = f"{receipt.refused} of its elements still cannot be parsed; the rest was accepted."
        return _page(request, quarantined_for(actor, quarantine_id), fault=Invalid(message))
    return done(request, "Replayed and accepted.", url="/quarantine")


@require_POST
def discard(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """POST: discard it; 303 to the list."""
    discard_quarantined(current_actor(request), quarantine_id=quarantine_id)
    return done(request, "Discarded.", url="/quarantine")


def _page(request: HttpRequest, row: QuarantinedRequest, fault: Problem | None = None) -> HttpResponse:
    context = {
        **NAV,
        "row": row,
        "reasons": reasons_of(row.reason, row.faults),
        "body": shown_body(row),
        "fault": fault,
    }
    return render(request, "detection/quarantine/detail.html", context, status=422 if fault else 200)


def shown_body(row: QuarantinedRequest) -> str:
    """Return the body for display: decompressed, JSON indented, secrets masked, cut at 20,000 characters."""
    try:
        raw = unpacked(bytes(row.body), row.headers, webhook_formats().get(row.source.kind).max_body)
    except Problem:
        raw = bytes(row.body)
    return readable(raw, row.workspace_id)


def readable(raw: bytes, workspace_id: int) -> str:
    """Return a body for display: JSON indented, secrets masked by name and form, cut at 20,000 characters."""
    text = raw.decode("utf-8", "replace")
    try:
        value: Any = masked(workspace_id, json.loads(text))
        shown = json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        shown = str(masked(workspace_id, text))
    return shown.replace("\0", "\N{REPLACEMENT CHARACTER}")[:MAX_SHOWN]
