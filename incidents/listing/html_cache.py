"""Cached HTML of list rows and timeline entries.

The key contains everything they show, relative times as text, so that a cached fragment is never outdated. Of
the viewer they depend on permissions and time zone only.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from core.templatetags.ui import compact
from core.ui.render_cache import RenderCache
from incidents.models import Incident, TimelineEntry
from incidents.sla.status import sla_status_of

MAX_FRAGMENTS: Final = 1000  # of each kind per process: rows have about 4 KB, entries 2, lines 1
_rows, _entries, _lines = RenderCache(MAX_FRAGMENTS), RenderCache(MAX_FRAGMENTS), RenderCache(MAX_FRAGMENTS)


def row_html(incident: Incident, *, is_log: bool, may_act: bool, is_picked: bool) -> SafeString:
    """Return the row of an incident of `detailed`. is_log: with the time of detection instead of its age."""
    now = timezone.now()
    clock = sla_status_of(incident, now)
    ended = incident.resolved_at
    shown = (
        incident.pk, incident.number, incident.version,
        incident.status, incident.severity, incident.title, incident.is_drill, incident.is_private,
        incident.event_count, incident.commander_label, tuple(incident.component_names),
        incident.acknowledged_at is None, clock, clock and _words(clock.due - now),
        incident.detected_at, _words(now - incident.detected_at), ended, ended and _words(now - ended),
        is_log, may_act, is_picked, timezone.get_current_timezone_name(),
    )  # fmt: skip
    values = {"one": incident, "is_log": is_log, "may_act": may_act, "is_picked": is_picked}
    return _rows.get(shown, lambda: render_to_string("incidents/listing/row.html", values).strip())


def entry_html(
    entry: TimelineEntry,
    reference: str,
    *,
    may_act: bool,
    is_bare: bool,
    undo: str = "",
    is_merged: bool = False,
) -> SafeString:
    """Return an entry of the incident `reference`. is_bare: without an id, for a second copy on one page.

    undo: the URL that undoes it, for the viewer. is_merged: it is of an incident merged into this one.
    """
    shown = (
        entry.pk, entry.kind, entry.text, entry.author_label, entry.is_shown_publicly, entry.occurred_at,
        entry.time_corrected_at, entry.pinned_at is None, entry.amendment_count, entry.withdrawn_at,
        timezone.get_current_timezone_name(),
        _words(timezone.now() - entry.occurred_at), reference, may_act, is_bare, undo,
        is_merged,
    )  # fmt: skip
    values = {"entry": entry, "ref": reference, "may_act": may_act, "is_bare": is_bare, "undo": undo}
    values["is_merged"] = is_merged
    return _entries.get(shown, lambda: render_to_string("incidents/timeline/entry.html", values).strip())


def line_html(entry: TimelineEntry) -> SafeString:
    """Return an entry with its incident, for a list of several incidents."""
    of = entry.incident
    shown = (
        entry.pk, entry.kind, entry.text, entry.author_label, entry.is_shown_publicly, entry.occurred_at,
        _words(timezone.now() - entry.occurred_at), timezone.get_current_timezone_name(),
        of.number, of.title, of.severity, of.is_drill, of.is_private,
    )  # fmt: skip
    values = {"entry": entry}
    return _lines.get(
        shown, lambda: render_to_string("incidents/overview/activity_line.html", values).strip()
    )


def _words(span: timedelta) -> tuple[bool, str]:
    return span < timedelta(), compact(abs(span))
