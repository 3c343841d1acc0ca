"""Incident page panels: postmortem and lessons; and panels of the postmortem page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.markdown import REFERENCES
from core.ui.panels import Panel, panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from postmortems.action_items.numbers import numbers
from postmortems.action_items.selectors import items_of, parse_day, today
from postmortems.documents.selectors import last_save, postmortem_of, section_of
from postmortems.learning.selectors import lessons_for

DEFAULT_DAYS: Final = 30
REFERENCES.add("action item", ("ACT-[1-9][0-9]{0,9}", "/action-items/"))


@panel
class IncidentPostmortem(IncidentPanel):
    """Status of the postmortem, and the action items of an incident."""

    name = "postmortem.incident"
    title = "Postmortem"
    template = "postmortems/panels/postmortem.html"
    slot = "incident.side"
    order = 25

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "postmortem": postmortem_of(actor, incident),
            "items": items_of(actor, incident)[:20],
            "may_write": allowed(actor, Capability.ACTION_ITEMS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        one, items = context["postmortem"], context["items"]
        state = (one.version, one.status) if one else ()
        incident = context["incident"]
        seen = [(item.number, item.version) for item in items]
        return repr((incident.pk, bool(incident.resolved_at), state, seen, context["may_write"]))


@panel
class FollowThrough(Panel):
    """Action items closed in time, and fixes that held. Key: `2026-02-01~2026-03-01`, else 30 days."""

    name = "postmortem.follow_through"
    title = "Follow-through"
    template = "postmortems/panels/follow_through.html"
    slot = "analytics.after"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        first, _, until = key.partition("~")
        since = parse_day(first) or today() - timedelta(days=DEFAULT_DAYS)
        before = parse_day(until) or today() + timedelta(days=1)
        period = {"due_from": since.isoformat(), "due_until": before.isoformat()}
        found = {one.name: one.count for one in numbers(actor, since, before)}
        counts = {due: found.get(f"items_{due}", 0) for due in ("in_time", "late")}
        fixes = {name.removeprefix("fixes_"): n for name, n in found.items() if name.startswith("fixes_")}
        return {
            "counts": counts,
            "due": sum(counts.values()),
            "period": urlencode(period),
            "fixes": fixes,
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return repr((context["counts"], context["period"], context["fixes"]))


@panel
class SectionSaved(Panel):
    """Who last saved a section and when, updated live. The key is `42:summary`."""

    name = "postmortem.saved"
    title = "Last save"
    template = "postmortems/panels/saved.html"

    def topics(self, key: str) -> tuple[str, ...]:
        number, _, section = key.partition(":")
        return (f"postmortem:{number}:section:{section}",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        number, _, section = key.partition(":")
        incident = incident_for(actor, number)
        postmortem = postmortem_of(actor, incident)
        found = section_of(postmortem, section[:60]) if postmortem and section else None
        saved = last_save(found) if found else None
        return {"incident": incident, "section": found, "saved": saved}

    def version(self, context: Mapping[str, Any]) -> str:
        section = context["section"]
        return repr((context["incident"].pk, section.pk, section.version) if section else "none")


@panel
class IncidentLessons(IncidentPanel):
    """Lessons of earlier incidents of its type or components."""

    name = "postmortem.lessons"
    title = "Lessons from earlier incidents"
    template = "postmortems/panels/lessons.html"
    slot = "incident.side"
    order = 28

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {"incident": incident, "lessons": lessons_for(actor, incident)}

    def version(self, context: Mapping[str, Any]) -> str:
        return repr((context["incident"].pk, [one.pk for one in context["lessons"]]))
