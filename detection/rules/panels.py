"""Panel of the rule list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from detection.rules.rule_list import listed_rules


@panel
class RuleList(Panel):
    """Every rule with its state, and its recent findings."""

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
