"""Rules with their recent findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.actor import Actor
from detection.models import DetectionRule, Finding
from detection.selectors import rules_of
from incidents.privacy.selectors import seen_with

RECENT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule, the time of its latest finding, and its findings of the last seven days."""

    rule: DetectionRule
    last_fired_at: datetime | None
    fired: int


def listed_rules(actor: Actor, *, now: datetime) -> Sequence[ListedRule]:
    """Return every rule by rule_id: one statement, two index look-ups per rule. Raises Forbidden."""
    own = Finding.objects.of(actor.workspace_id).filter(rule=OuterRef("pk"))
    recent = own.filter(found_at__gte=now - RECENT).order_by().values("rule").annotate(n=Count("pk"))
    rules: QuerySet[DetectionRule] = rules_of(actor).annotate(
        last_fired_at=Subquery(own.order_by("-found_at").values("found_at")[:1]),
        fired=Coalesce(Subquery(recent.values("n")[:1]), 0),
    )
    return [ListedRule(rule, vars(rule)["last_fired_at"], vars(rule)["fired"]) for rule in rules]


def findings_of(actor: Actor, rule: DetectionRule, *, limit: int = 10) -> Sequence[Finding]:
    """Return the latest findings of a rule, newest first, with their incidents: one statement."""
    found = (
        Finding.objects.of(actor.workspace_id).filter(seen_with(actor), rule=rule).select_related("incident")
    )
    return list(found.order_by("-found_at")[:limit])
