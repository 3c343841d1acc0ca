"""What detection adds: an incident's events, all events by the hour, the list of rules, first steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.navigation import NAVIGATION, NavItem
from core.ui.onboarding import onboarding_step
from core.ui.panels import Panel, panel
from detection.evaluation.latest import has_events
from detection.evaluation.panels import IncidentEvents
from detection.ingest.panels import EventsByLevel
from detection.models import DetectionRule
from detection.rules.rule_list import listed_rules
from detection.sources.panels import ComponentChanges, IncidentChanges

__all__ = ["ComponentChanges", "EventsByLevel", "IncidentChanges", "IncidentEvents", "RuleList"]

NAVIGATION.add(
    "rules", NavItem("Rules", "radar", "/rules", order=60, capability=Capability.RULES_READ, keys="g r")
)


@panel
class RuleList(Panel):
    """Every rule with its state, and what came of it."""

    name = "rules.list"
    title = "Rules"
    template = "detection/panels/rules.html"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("rules", "incidents")

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        return {
            "listed": listed_rules(actor, now=timezone.now()),
            "may_write": allowed(actor, Capability.RULES_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        seen = [(one.rule.pk, one.rule.version, one.last_fired_at, one.fired) for one in context["listed"]]
        return f"{context['may_write']}{seen}"


@onboarding_step(
    "events",
    title="Send the first event",
    why="Whatever can send JSON can report trouble. Five errors of one service within five minutes "
    "open an incident.",
    url="/docs",
    link="Read the API's documentation",
    order=20,
    code="curl -X POST {base_url}/api/v1/events -H 'Authorization: Bearer tcs_…' "
    "-H 'Content-Type: application/json' "
    """-d '{{"service": "my-service", "level": "ERROR", "message": "Something went wrong"}}'""",
)
def _has_events(actor: Actor) -> bool:
    return has_events(actor)


@onboarding_step(
    "rules",
    title="Look at the rules, and make one yours",
    why="Eight rules are built in. Change a threshold, switch one off, or make one for what only you know.",
    url="/rules",
    link="Look at the rules",
    order=30,
)
def _has_touched_a_rule(actor: Actor) -> bool:
    return DetectionRule.objects.of(actor.workspace_id).exclude(version=1, is_builtin=True).exists()
