"""Template tags for icons, times, avatars and panels."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from lucide import _render_icon

from core.ui.forms import options_html
from core.ui.navigation import NavItem
from core.ui.panels import PANELS, Panel, address, panels_in, render_panel
from core.ui.render_cache import RenderCache

register = template.Library()
HUES = 6
# from here on a date is clearer than a number of days; the same in static/js/time.js
FAR = timedelta(days=30)
_nav_items = RenderCache(200)


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, size: int = 16, css: str = "") -> SafeString:
    """Render a lucide icon, hidden from screen readers: the text beside it says the same."""
    attributes = {"class": f"icon {css}".strip(), "aria-hidden": "true", "focusable": "false"}
    return SafeString(_render_icon(str(name), int(size), **attributes))


def compact(span: timedelta) -> str:
    """90 s -> `1m`, 3700 s -> `1h 1m`, 50 h -> `2d 2h`; below a minute `45s`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes}m"
    if hours < 24:
        return f"{hours}h {minutes % 60}m" if minutes % 60 else f"{hours}h"
    return f"{days}d {hours % 24}h" if hours % 24 and days < 14 else f"{days}d"


@register.simple_tag
def moment(at: datetime | None, style: str = "ago") -> SafeString | str:
    """Render a relative time (`5m ago`, `3 Dec 2025`; style `age`: `5m`), exact in UTC on hover."""
    if at is None:
        return SafeString('<span class="muted">–</span>')
    age = timezone.now() - at
    words = compact(age) if style == "age" else _time_text(at, age)
    exact = at.astimezone(timezone.get_fixed_timezone(0))
    return format_html(
        '<time datetime="{}" title="{} UTC" data-time="{}">{}</time>',
        exact.isoformat(), exact.strftime("%a %d %b %Y, %H:%M:%S"), style, words,
    )  # fmt: skip


def _time_text(at: datetime, age: timedelta) -> str:
    """Return `just now`, `5m ago`, or the viewer's date of older times."""
    if age >= FAR:
        day = timezone.localtime(at)
        return f"{day.day} {day:%b %Y}"
    span = compact(age)
    return "just now" if span.endswith("s") else f"{span} ago"


@register.simple_tag
def clock(at: datetime) -> SafeString:
    """Render the viewer's time of day (`14:02:31`), for a timeline; date and UTC are on hover."""
    exact = at.astimezone(timezone.get_fixed_timezone(0))
    return format_html(
        '<time datetime="{}" title="{} UTC" data-time="clock">{}</time>',
        exact.isoformat(), exact.strftime("%a %d %b %Y, %H:%M:%S"),
        timezone.localtime(at).strftime("%H:%M:%S"),
    )  # fmt: skip


@register.filter
def span(value: timedelta | None) -> str:
    """Render a duration as `1h 5m`, or a dash."""
    return "–" if value is None else compact(value)


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Render initials on one of six colours derived from the name; the name itself is shown beside it."""
    return _avatar(str(name), str(size))


@lru_cache(maxsize=1024)
def _avatar(name: str, size: str) -> SafeString:
    parts = [p for p in name.replace(".", " ").replace("_", " ").split() if p[0].isalnum()] or ["?"]
    initials = (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()
    hue = zlib.crc32(name.encode()) % HUES
    return format_html('<span class="avatar avatar-{} {}" aria-hidden="true">{}</span>', hue, size, initials)


@register.simple_tag
def options(choices: Iterable[tuple[str, str]], chosen: str = "") -> SafeString:
    """Render the options of a select box, of (value, label); as template nodes, hundreds would be slow."""
    return options_html(choices, chosen)


@register.simple_tag(takes_context=True)
def nav_items(context: template.Context, *, badges: bool = False) -> SafeString:
    """Render the side bar's entries under their headings, the current one marked; with badges and keys."""
    current, heading, parts = context["nav_current"], "", list[str]()
    for item in context["navigation"]:
        begins, heading = item.group if item.group != heading else "", item.group
        entry: str = _nav_item(item, is_current=item.url == current, begins=begins, badges=badges)
        if badges and item.badge:
            entry = f"{entry.removesuffix('</li>')}{panel(context, item.badge)}</li>"
        parts.append(entry)
    return SafeString("".join(parts))


def _nav_item(item: NavItem, **looks: str | bool) -> SafeString:
    """Render an entry without its badge; the same for every viewer."""
    shown = (item, *looks.values())
    return _nav_items.get(
        shown, lambda: render_to_string("layouts/navigation_item.html", {"item": item, **looks}).strip()
    )


@register.simple_tag(takes_context=True)
def panel(context: template.Context, name: str, key: Any = "") -> SafeString:
    """Render a panel, fetched again by htmx on each signal of its live topics."""
    request, one = context["request"], PANELS.get(name)
    return _frame(request, one, str(key))


@register.simple_tag(takes_context=True)
def panel_slot(context: template.Context, slot: str, key: Any = "") -> SafeString:
    """Render every panel registered for `slot`."""
    request = context["request"]
    return SafeString("".join(_frame(request, one, str(key)) for one in panels_in(slot)))


def _frame(request: HttpRequest, one: Panel, key: str) -> SafeString:
    query, topics = request.GET.dict(), one.topics(key)
    inside = render_panel(request, one, key, query)
    return format_html(
        '<section id="panel-{}" class="{}" data-panel="{}" aria-label="{}" hx-get="{}" hx-trigger="{}"'
        ' hx-target="this" hx-swap="innerHTML">{}</section>',
        one.name.replace(".", "-"), one.css, ",".join(topics), one.title, address(one.name, key, query),
        ", ".join(_triggers(one, topics)), inside,
    )  # fmt: skip


def _triggers(one: Panel, topics: tuple[str, ...]) -> list[str]:
    timed = [f"every {one.every_s}s"] if one.every_s else []
    return ["tocsin:panel", *(f"tocsin:{topic} from:body" for topic in topics), *timed]


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with some parameters changed; an empty value removes one."""
    query = context["request"].GET.copy()
    for name in ("cursor", "key"):  # a panel's own URL has the key of the panel
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = str(value)
    return escape(f"?{query.urlencode()}")
