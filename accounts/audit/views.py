"""Audit trail page and CSV export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.audit.selectors import AREAS, AuditFilter, audit_export, audit_page, parse_audit_filter
from accounts.models import AuditEntry
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.http.csv_stream import csv_response

PAGE: Final = "/settings/audit"
FILTERS: Final = ("who", "what", "since", "until")
COLUMNS: Final = (
    "at",
    "actor",
    "actor_kind",
    "action",
    "object_type",
    "object_id",
    "summary",
    "changes",
    "request_id",
)


def _wanted(request: HttpRequest) -> AuditFilter:
    return parse_audit_filter(request.GET.dict(), zone=timezone.get_current_timezone_name())


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """GET: fifty entries, filtered by the query string, and the next cursor. Raises Forbidden, Invalid."""
    actor = current_actor(request)
    entries, following = audit_page(actor, _wanted(request), before=request.GET.get("cursor") or None)
    context = {
        "entries": entries,
        "csv_url": f"{PAGE}.csv{_query(request)}",
        "newest_url": f"{PAGE}{_query(request)}" if request.GET.get("cursor") else "",
        "next_url": f"{PAGE}{_query(request, cursor=following)}" if following else "",
        "areas": AREAS,
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "nav_current": "/settings",
        "menu_current": PAGE,
    }
    return render(request, "accounts/audit/log.html", context)


def _query(request: HttpRequest, *, cursor: str = "") -> str:
    """Return the page's filter as a query string, with another cursor or none."""
    filters = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    query = filters | {"cursor": cursor} if cursor else filters
    return f"?{urlencode(query)}" if query else ""


@require_safe
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """GET: all entries of the same filter, streamed as CSV."""
    actor = current_actor(request)
    require(actor, Capability.AUDIT_READ)
    return csv_response("audit.csv", COLUMNS, _rows(audit_export(actor, _wanted(request))))


def _rows(pages: Iterator[Sequence[AuditEntry]]) -> Iterator[list[tuple[Any, ...]]]:
    for entries in pages:
        yield [_cells(entry) for entry in entries]


def _cells(entry: AuditEntry) -> tuple[Any, ...]:
    changes = json.dumps(entry.changes, ensure_ascii=False) if entry.changes else ""
    return (
        entry.at.isoformat(), entry.actor_label, entry.actor_kind, entry.action, entry.object_type,
        entry.object_id, entry.summary, changes, entry.request_id,
    )  # fmt: skip
