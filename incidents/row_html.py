"""The row of an incident in a list, kept ready: a live list is asked for again at each change of one row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from core.templatetags.ui import compact
from incidents.clocks import clock_of
from incidents.models import Incident

MOST: Final = 1000  # rows of about 4 KB in each process
_kept: dict[tuple[Any, ...], SafeString] = {}


def row_html(incident: Incident, *, is_log: bool, may_act: bool, is_picked: bool) -> SafeString:
    """The row, made anew when anything of it changed; of the viewer it knows only whether they `may_act`.

    is_log: with when it was detected instead of its age. Takes an incident of `detailed`.
    """
    now = timezone.now()
    clock = clock_of(incident, now)
    ended = incident.resolved_at
    key = (
        incident.pk, incident.version, incident.status, incident.severity, incident.title, incident.is_drill,
        incident.event_count, incident.commander_label, tuple(incident.component_names),
        incident.acknowledged_at is None, is_log, may_act, is_picked,
        clock, clock and _words(clock.due - now),
        _words(now - incident.detected_at), ended and _words(now - ended),
    )  # fmt: skip
    kept = _kept.get(key)
    if kept is None:
        looks = {"is_log": is_log, "may_act": may_act, "is_picked": is_picked}
        kept = SafeString(render_to_string("incidents/row.html", {"one": incident, **looks}).strip())
        if len(_kept) >= MOST:
            _kept.clear()
        _kept[key] = kept
    return kept


def _words(span: timedelta) -> tuple[bool, str]:
    return span < timedelta(), compact(abs(span))
