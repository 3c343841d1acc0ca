"""Template tags for severity, status, impact and deadlines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.templatetags.ui import compact, icon, with_query
from core.ui.markdown import document, markdown
from incidents.listing.html_cache import entry_html, line_html, row_html
from incidents.listing.ordering import ORDERS
from incidents.listing.row_actions import BulkAction, bulk_actions, row_actions
from incidents.models import Incident, TimelineEntry
from incidents.sla.status import SlaStatus, sla_status_of
from incidents.vocabulary import EntryKind, Impact, Severity, Status

register = template.Library()
SEVERITY_SHAPES = {"sev1": "octagon-alert", "sev2": "triangle-alert", "sev3": "diamond", "sev4": "circle"}
SEVERITY_WORDS = {
    "sev1": "Complete outage or data loss, all users affected",
    "sev2": "Major function broken, many users affected",
    "sev3": "Partial outage or degraded service",
    "sev4": "No visible impact",
}
STATUS_SHAPES = {
    "open": "circle-dashed", "investigating": "search", "identified": "crosshair",
    "monitoring": "activity", "resolved": "circle-check", "closed": "archive",
}  # fmt: skip
IMPACT_SHAPES = {
    "total_outage": "octagon-x",
    "partial_outage": "triangle-alert",
    "degraded": "trending-down",
}
ENTRY_SHAPES = {
    "detected": "siren", "acknowledged": "check", "status_change": "arrow-right",
    "stage_change": "list-checks",
    "severity_change": "gauge", "role_assigned": "user-round", "update": "megaphone",
    "mitigation": "activity",
    "resolution": "circle-check", "note": "message-square", "event": "radio", "sla": "alarm-clock-off",
    "notification": "bell", "slack": "hash", "remediation": "wrench", "postmortem": "book-open",
    "change": "pencil",
}  # fmt: skip


ICON_OF_ORDER = {
    "newest": "arrow-down", "oldest": "arrow-up", "severity": "arrow-down",
    "status": "arrow-down", "commander": "arrow-up", "deadline": "arrow-up",
}  # fmt: skip
ENTRY_WORDS = {
    "status_change": "Status", "stage_change": "Stage", "severity_change": "Severity",
    "role_assigned": "Role", "sla": "SLA", "event": "Detection", "change": "Change",
}  # fmt: skip


@register.simple_tag
@lru_cache(maxsize=16)
def severity(value: str) -> SafeString:
    """Render the badge of a severity: `sev1` -> octagon, red, SEV1."""
    name = str(value)
    return format_html(
        '<span class="sev sev-{}" title="{}">{}{}</span>',
        name, SEVERITY_WORDS[name], icon(SEVERITY_SHAPES[name], 14), Severity(name).label,
    )  # fmt: skip


@register.simple_tag
@lru_cache(maxsize=16)
def status(value: str) -> SafeString:
    """Render the badge of a status."""
    name = str(value)
    words = Status(name).label
    return format_html(
        '<span class="status status-{}">{}{}</span>', name, icon(STATUS_SHAPES[name], 15), words
    )


@register.simple_tag
@lru_cache(maxsize=16)
def impact(value: str) -> SafeString:
    """Render the impact on a component."""
    name = str(value)
    words = Impact(name).label
    return format_html(
        '<span class="impact-level impact-{}">{}{}</span>', name, icon(IMPACT_SHAPES[name], 14), words
    )


@register.filter
def severity_words(value: str) -> str:
    """Return what a severity means."""
    return SEVERITY_WORDS.get(str(value), "")


@register.filter
def entry_icon(kind: str) -> str:
    """Render the icon of a timeline entry's kind."""
    return ENTRY_SHAPES.get(str(kind), "circle")


@register.simple_tag(takes_context=True)
def incident_rows(context: template.Context, incidents: Iterable[Incident]) -> SafeString:
    """Render the rows of a list for the viewer."""
    is_log, may_act, is_picked = (bool(context.get(n)) for n in ("is_log", "may_act", "is_all_picked"))
    looks = {"is_log": is_log, "may_act": may_act, "is_picked": is_picked}
    return SafeString("".join(row_html(one, **looks) for one in incidents))


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, words: str, order: str, now: str, turned: str = "") -> SafeString:
    """Render a column head as a link that sorts by it; `turned` is the opposite order, if there is one."""
    wanted = turned if turned and now == order else order
    arrow = ICON_OF_ORDER.get(now, "") if now in (order, turned) else ""
    query = with_query(context, sort=wanted)
    return format_html(
        '<a class="sort-head" href="{}" aria-label="Sort by {}: {}">{}{}</a>',
        SafeString(query), words.lower(), ORDERS[wanted].label.lower(), words,
        icon(arrow, 13) if arrow else "",
    )  # fmt: skip


@register.simple_tag
def more_row_actions(reference: str) -> SafeString:
    """Return the entries that apps above add to the menu of an incident's row."""
    return format_html_join("", '<a class="menu-item" href="{1}">{0}</a>', row_actions(reference))


@register.simple_tag
def more_bulk_actions() -> list[BulkAction]:
    """Return the buttons that apps above add to the bulk bar."""
    return bulk_actions()


@register.simple_tag
def timeline_entry(
    entry: TimelineEntry,
    reference: str,
    may_act: bool = False,
    is_bare: bool = False,
    undo: Mapping[int, str] | None = None,
    of: int | None = None,
) -> SafeString:
    """Render a timeline entry; with `may_act` it can be pinned and amended. undo: id -> URL.

    of: the id of the incident shown; an entry of one merged into it is marked, and changed on its own page.
    """
    if of is not None and entry.incident_id != of:
        return entry_html(entry, reference, may_act=False, is_bare=is_bare, is_merged=True)
    address = (undo or {}).get(entry.pk, "")
    return entry_html(entry, reference, may_act=may_act, is_bare=is_bare, undo=address)


@register.simple_tag
def activity_line(entry: TimelineEntry) -> SafeString:
    """Render a timeline entry with its incident."""
    return line_html(entry)


@register.simple_tag
def sla(incident: Incident) -> SafeString | str:
    """Render the next deadline with a countdown, updated by JavaScript."""
    clock = sla_status_of(incident, timezone.now())
    return "" if clock is None else _sla(clock)


@register.simple_tag
def countdown(clock: SlaStatus) -> SafeString:
    """Render one deadline with a countdown."""
    return _sla(clock)


@register.filter
def prose(text: str) -> SafeString:
    """Render user text as sanitized Markdown with attached pictures."""
    words = str(text)
    return document(words) if "](/attachments/" in words else markdown(words)


@register.filter
def entry_words(kind: str) -> str:
    """Return the label of a kind of entry."""
    return ENTRY_WORDS.get(str(kind), EntryKind(kind).label)


@register.filter
def as_lines(labels: dict[str, str]) -> str:
    """Return labels as their form shows them: one `name=value` per line."""
    return "\n".join(f"{key}={value}" for key, value in labels.items())


@register.filter
def as_json(value: object) -> str:
    """Return metadata as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _sla(clock: SlaStatus) -> SafeString:
    left = clock.due - timezone.now()
    words = (
        f"{clock.label} {compact(-left)} late"
        if clock.state == "missed"
        else f"{clock.label} in {compact(left)}"
    )
    return format_html(
        '<span class="sla" data-sla data-state="{}" data-from="{}" data-due="{}" data-label="{}"'
        ' title="{} due {} UTC">{}<span data-sla-words>{}</span></span>',
        clock.state, clock.since.isoformat(), clock.due.isoformat(), clock.label, clock.label,
        clock.due.strftime("%a %d %b, %H:%M:%S"), icon(clock.icon, 15), words,
    )  # fmt: skip
