"""Queries for rules and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from detection.levels import LEVEL_LABELS
from detection.models import DetectionRule, Event, IncidentEvent, Level
from incidents.privacy.selectors import seen_by


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events of an incident, oldest first; `after` is the next cursor, None at the end."""

    items: list[Event]
    after: tuple[datetime, int] | None


def rules_of(actor: Actor) -> QuerySet[DetectionRule]:
    """Return every rule of the workspace by rule_id. Raises Forbidden."""
    require(actor, Capability.RULES_READ)
    return DetectionRule.objects.of(actor.workspace_id).order_by("rule_id")


def rule_for(actor: Actor, rule_id: str, *, lock: bool = False) -> DetectionRule:
    """Return one rule by its rule_id. Raises Forbidden, NotFound."""
    rules = rules_of(actor)
    rule = (rules.select_for_update() if lock else rules).filter(rule_id=rule_id.replace("\0", "")).first()
    if rule is None:
        raise NotFound(f"There is no rule {rule_id}.")
    return rule


def rule_json(rule: DetectionRule) -> dict[str, Any]:
    """Return a rule as the API shows it."""
    return {
        "rule_id": rule.rule_id,
        "name": rule.name,
        "description": rule.description,
        "incident_type": str(rule.incident_type),
        "severity": str(rule.severity),
        "event_types": list(rule.event_types),
        "minimum_level": LEVEL_LABELS[rule.minimum_level],
        "sources": list(rule.sources),
        "message_pattern": rule.message_pattern,
        "group_by": str(rule.group_by),
        "error_threshold": rule.error_threshold,
        "time_window_seconds": rule.time_window_seconds,
        "check_interval_seconds": rule.check_interval_seconds,
        "require_consecutive": rule.require_consecutive,
        "min_components_affected": rule.min_components_affected,
        "cooldown_seconds": rule.cooldown_seconds,
        "enabled": rule.enabled,
        "dry_run": rule.dry_run,
        "is_builtin": rule.is_builtin,
        "version": rule.version,
    }


def events_page(
    actor: Actor,
    incident_id: int,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
    sources: Sequence[str] = (),
    minimum_level: Level = Level.DEBUG,
) -> EventPage:
    """Return the events an incident counts, oldest first, `limit` at a time, in three statements.

    Raises Forbidden; NotFound if this workspace has no such incident.
    """
    require(actor, Capability.INCIDENTS_READ)
    if not seen_by(actor).filter(pk=incident_id).exists():
        raise NotFound("There is no such incident in this workspace.")
    links = IncidentEvent.objects.of(actor.workspace_id).filter(incident_id=incident_id)
    if sources or minimum_level > Level.DEBUG:
        links = links.filter(Exists(_such_events(actor.workspace_id, sources, minimum_level)))
    if after is not None:
        links = links.extra(where=["(occurred_at, event_id) > (%s, %s)"], params=list(after))
    page = list(links.order_by("occurred_at", "event_id")[: limit + 1])
    shown = page[:limit]
    found = Event.objects.of(actor.workspace_id).in_bulk([link.event_id for link in shown])
    last = (shown[-1].occurred_at, shown[-1].event_id) if len(page) > limit else None
    return EventPage([found[link.event_id] for link in shown if link.event_id in found], last)


def _such_events(workspace_id: int, sources: Sequence[str], minimum_level: Level) -> QuerySet[Event]:
    such: QuerySet[Event] = Event.objects.of(workspace_id).filter(
        id=OuterRef("event_id"), level__gte=minimum_level
    )
    return such.filter(source__in=sources) if sources else such
