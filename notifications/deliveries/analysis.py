"""Analysis of an incident by the built-in rules, for its notifications."""

from __future__ import annotations

from typing import Any, Final

from incidents.analysis.models import Analysis
from incidents.analysis.selectors import newest_by_rules
from notifications.deliveries.models import Delivery

# Events that notify people who start working on it. A language model's text is never sent.
WITH_ANALYSIS: Final = frozenset(
    {
        "incident.opened", "incident.reopened", "incident.grew", "incident.severity_changed", "page",
        "sla.warned", "sla.breached",
    }
)  # fmt: skip


def analysis_for(delivery: Delivery) -> dict[str, Any]:
    """Category, summary, actions and author of the current analysis; empty if there is none yet."""
    if delivery.incident_id is None or delivery.event_kind not in WITH_ANALYSIS:
        return {}
    found = newest_by_rules(delivery.workspace_id, delivery.incident_id)
    return as_facts(found) if found else {}


def as_facts(analysis: Analysis) -> dict[str, Any]:
    """The analysis as stored in a message."""
    return {
        "category": analysis.category,
        "category_name": analysis.get_category_display(),
        "summary": analysis.summary,
        "recommended_actions": [one["text"] for one in analysis.advice],
        "author": analysis.author,
        "author_name": analysis.get_author_display(),
    }
