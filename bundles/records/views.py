"""Bundle pages: list, detail, log viewer, download, and actions."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Capability, allowed
from accounts.sign_in.page_authentication import current_actor
from bundles.limits import CONTENT_TYPE
from bundles.records.rendering import entries_of, redactions_of
from bundles.records.selectors import MAX_LISTED, accesses_of, bundle_for, bundles_page, may_open
from bundles.records.services import Access, attach, delete, note_access, release
from bundles.viewer.lines import LEVELS
from bundles.viewer.reading import open_file, read_lines
from core.errors import Conflict, Invalid, NotFound
from core.http.downloads import download as streamed
from core.ui.htmx import SeeOther, done

NAV: Final = {"nav_current": "/bundles"}
MAX_NUMBER_CHARS: Final = 9
NAMES: Final = {
    "os": "System", "os_name": "Distribution", "arch": "Architecture", "cpus": "CPUs",
    "memory_kb": "Memory (kB)", "uptime_s": "Uptime (s)", "clock_utc": "Clock (UTC)",
}  # fmt: skip


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET /bundles: newest first; `q` searches the summary and the host."""
    actor = current_actor(request)
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = bundles_page(actor, before=_number(request.GET.get("before", "")), text=text)
    shown = rows[:MAX_LISTED]
    more = urlencode({"q": text, "before": shown[-1].pk}) if len(rows) > MAX_LISTED else ""
    context = {**NAV, "rows": shown, "text": text, "older": f"/bundles?{more}" if more else ""}
    return render(request, "bundles/list.html", context)


@require_safe
def detail(request: HttpRequest, bundle_id: str) -> HttpResponse:
    """GET /bundles/<id>: health, system facts, redactions, access log."""
    actor = current_actor(request)
    bundle = bundle_for(actor, bundle_id)
    note_access(actor, bundle, Access.VIEW)
    may_manage = allowed(actor, Capability.BUNDLES_MANAGE)
    context = {
        **NAV, "bundle": bundle, "entries": entries_of(bundle), "redactions": redactions_of(bundle),
        "facts": _facts(bundle.facts), "accesses": accesses_of(actor, bundle),
        "may_open": may_open(actor, bundle), "may_manage": may_manage,
        "may_download": may_open(actor, bundle) and (may_manage or not bundle.hits),
        "may_write": allowed(actor, Capability.BUNDLES_WRITE),
        "refused": request.GET.get("refused", "")[:300],
    }  # fmt: skip
    return render(request, "bundles/detail.html", context)


@require_safe
def log(request: HttpRequest, bundle_id: str) -> HttpResponse:
    """GET /bundles/<id>/log?path=…: 500 lines of a file from `start`, filtered by words and level."""
    actor = current_actor(request)
    query = {name: request.GET.get(name, "")[:300] for name in ("path", "q", "level")}
    start = _number(request.GET.get("start", "")) or 1
    bundle, page = read_lines(
        actor, bundle_id, query["path"], start=start, search=query["q"], level=query["level"]
    )
    here = f"/bundles/{bundle.public_id}/log"
    context = {
        **NAV, "bundle": bundle, "page": page, "levels": LEVELS, "here": here, "start": start, **query,
        "older": f"{here}?{urlencode({**query, 'start': page.next})}" if page.next else "",
        "newest": f"{here}?{urlencode(query)}" if start > 1 else "",
    }  # fmt: skip
    return render(request, "bundles/log.html", context)


@require_POST
def download(request: HttpRequest, bundle_id: str) -> StreamingHttpResponse:
    """POST /bundles/<id>/download: the file, as an attachment."""
    bundle, pieces = open_file(current_actor(request), bundle_id)
    return streamed(request, pieces, content_type=CONTENT_TYPE, filename=f"bundle-{bundle.public_id}.zip")


@require_POST
def act(request: HttpRequest, bundle_id: str, verb: str) -> HttpResponse:
    """POST /bundles/<id>/attach, /release, /delete."""
    actor = current_actor(request)
    page = f"/bundles/{bundle_for(actor, bundle_id).public_id}"
    try:
        if verb == "attach":
            attach(actor, bundle_id, request.POST.get("incident", ""))
        elif verb == "release":
            release(actor, bundle_id, request.POST.get("reason", ""))
        elif verb == "delete":
            delete(actor, bundle_id)
        else:
            raise NotFound("There is no such action.")
    except (Invalid, Conflict) as refusal:
        return SeeOther(f"{page}?{urlencode({'refused': refusal.detail})}")
    message = {"attach": "Bundle attached.", "release": "Bundle released.", "delete": "Bundle deleted."}[verb]
    return done(request, message, url="/bundles" if verb == "delete" else page, topics=["bundles"])


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_NUMBER_CHARS else None


def _facts(facts: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """System facts as names with lines."""
    names = {name: NAMES.get(name, name.replace("_", " ").capitalize()) for name in facts}
    return [(names[name], _lines(value)) for name, value in facts.items()]


def _lines(value: Any) -> list[str]:
    """A value as one line, or one line per item, such as disks."""
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return [_disk(part) if isinstance(part, dict) and "mount" in part else _line(part) for part in value]
    return [_line(value)]


def _disk(disk: dict[str, Any]) -> str:
    used, free, total = (_line(disk.get(name)) for name in ("used_percent", "free_mb", "total_mb"))
    return f"{_line(disk['mount'])}: {used} % used, {free} of {total} MB free"


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_line(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_line(inner) for inner in value)
    return "unknown" if value is None else str(value)
