"""Panels of the landing page: health, last 24 hours, components, activity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.actor import Actor
from core.ui.charts import Chart, Series
from core.ui.panels import Panel, panel
from incidents.components.health_counts import health_counts, worse
from incidents.components.selectors import worst_components
from incidents.overview import health
from incidents.overview.activity import latest_activity, recent_activity
from incidents.overview.selectors import MTTR_DAYS, Day, last_day, midnight, standings
from incidents.validation import invalid
from incidents.vocabulary import EntryKind, Impact, Severity

A_MINUTE = 60
MAIN, SIDE = "overview.main", "overview.side"


class OverviewPanel(Panel):
    """Base of panels that summarize incidents. `shown` are the data that change its version."""

    is_cached = True

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity",)

    def version(self, context: Mapping[str, Any]) -> str:
        return repr(context["shown"])


@panel
class Overview(OverviewPanel):
    """System health, active, resolved today, average MTTR: one line, each figure linked to its list."""

    name = "incidents.overview"
    title = "Overview"
    template = "incidents/overview/panels/overview.html"
    every_s = A_MINUTE

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        now, components = standings(actor), health_counts(actor)
        points = [(Severity(severity).label, taken) for severity, taken in health.SYSTEM_POINTS.items()]
        return {
            "shown": now,
            "worst": worse(now.health, components.worst),
            "health_words": components.words,
            "today": f"{midnight(timezone.now(), ZoneInfo(now.zone)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "points": points,
            "ranges": health.ranges(),
            "divided_by": health.MONITORED_DIVIDES_BY,
            "days": MTTR_DAYS,
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return repr([context[name] for name in ("shown", "worst", "health_words", "today")])


@panel
class LastDay(OverviewPanel):
    """Opened and resolved within 24 hours, and how long it took."""

    name = "incidents.last_day"
    title = "Last 24 hours"
    template = "incidents/overview/panels/last_day.html"
    slot = MAIN
    order = 10
    every_s = A_MINUTE

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        day = last_day(actor)
        averages = (
            ("MTTD", "First event to detection", day.mttd),
            ("MTTA", "Detection to acknowledgement", day.mtta),
            ("MTTR", "Detection to resolution", day.mttr),
        )
        others = max(0, sum(day.resolved) - day.resolved_by_people - day.resolved_by_tocsin)
        by = (
            ("people", day.resolved_by_people), ("senders", others), ("Tocsin", day.resolved_by_tocsin),
        )  # fmt: skip
        return {
            "shown": day,
            "total": sum(day.opened),
            "resolved": sum(day.resolved),
            "resolved_by": [(who, count) for who, count in by if count],
            "averages": averages,
            "flow": _chart(
                "Incidents an hour", day, ("Opened", "opened", "sev2"), ("Resolved", "resolved", "good")
            ),
            "open": _chart("Open incidents, hour by hour", day, ("Open", "active", "accent")),
        }


def _chart(title: str, day: Day, *series: tuple[str, str, str]) -> Chart:
    labels = tuple(f"{hour:%a %H:%M}" for hour in day.hours)
    rows = tuple(Series(words, tuple(getattr(day, name)), tone) for words, name, tone in series)
    return Chart(title, labels, rows, "incidents")


@panel
class ComponentHealth(OverviewPanel):
    """The affected components, worst first; if there are few, the most important ones too."""

    name = "incidents.component_health"
    title = "Component health"
    template = "incidents/overview/panels/component_health.html"
    slot = SIDE
    order = 10

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity", "components")

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        states = worst_components(actor)
        return {
            "states": states,
            "shown": [(s.component.pk, s.component.version, s.load) for s in states],
            **component_definition(),
        }


def component_definition() -> dict[str, Any]:
    """Return the text under "How is this calculated?"."""
    points = health.COMPONENT_POINTS
    return {
        "severities": Severity.labels,
        "points": [(Impact(impact).label, [row[s] for s in Severity]) for impact, row in points.items()],
        "ranges": health.ranges(),
        "divided_by": health.MONITORED_DIVIDES_BY,
    }


KINDS: Mapping[str, tuple[str, tuple[EntryKind, ...]]] = {
    "": ("Everything", ()),
    "updates": (
        "Updates",
        (EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.STATUS_CHANGE),
    ),
    "notes": ("Notes", (EntryKind.NOTE,)),
    "detection": ("Detection", (EntryKind.DETECTED, EntryKind.EVENT, EntryKind.SLA)),
}


def parse_kind(word: str) -> tuple[EntryKind, ...]:
    """Return the kinds of entry for `updates`, `notes` or `detection`. Raises Invalid naming `kind`."""
    if word not in KINDS:
        raise invalid("kind", "choice", f"must be one of {', '.join(name for name in KINDS if name)}")
    return KINDS[word][1]


@panel
class RecentActivity(OverviewPanel):
    """The newest entries of all timelines."""

    is_cached = False  # it shows relative times
    name = "incidents.activity"
    title = "Recent activity"
    template = "incidents/overview/panels/activity.html"
    slot = SIDE
    order = 20

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        entries = latest_activity(actor)
        shown = [(entry.pk, entry.occurred_at, entry.text, entry.incident.severity) for entry in entries]
        return {"entries": entries, "shown": shown}


@panel
class AllActivity(OverviewPanel):
    """All timelines as one, in pages."""

    is_cached = False
    name = "incidents.all_activity"
    title = "Activity"
    template = "incidents/overview/panels/all_activity.html"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        kind, cursor = query.get("kind", ""), query.get("cursor", "")
        page = recent_activity(actor, kinds=parse_kind(kind), cursor=cursor or None)
        shown = [(entry.pk, entry.occurred_at, entry.text, entry.incident.severity) for entry in page.items]
        return {
            "entries": page.items,
            "next_cursor": page.next_cursor,
            "kind": kind,
            "kinds": [(word, label) for word, (label, _) in KINDS.items()],
            "shown": shown,
        }
