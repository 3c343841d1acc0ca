"""Onboarding steps about events and rules."""

from __future__ import annotations

from accounts.actor import Actor
from core.ui.onboarding import onboarding_step
from detection.evaluation.latest import has_events
from detection.models import DetectionRule, Source


@onboarding_step(
    "events",
    title="Send the first event",
    why="Anything that can send JSON can report events. Five errors of one service within five minutes "
    "open an incident.",
    url="/docs",
    link="Read the API docs",
    order=20,
    code="curl -X POST {base_url}/api/v1/events -H 'Authorization: Bearer tcs_…' "
    "-H 'Content-Type: application/json' "
    """-d '{{"service": "my-service", "level": "ERROR", "message": "Something went wrong"}}'""",
)
def _has_events(actor: Actor) -> bool:
    return has_events(actor)


@onboarding_step(
    "source",
    title="Connect a monitoring tool",
    why="Alertmanager, Grafana, Sentry, Datadog and others send to an address of their own.",
    url="/sources",
    link="View sources",
    order=25,
)
def _has_source(actor: Actor) -> bool:
    return Source.objects.of(actor.workspace_id).exists()


@onboarding_step(
    "rules",
    title="Review the detection rules",
    why="Eight rules are built in. Tune a threshold, disable one, or add your own.",
    url="/rules",
    link="Review rules",
    order=30,
)
def _has_touched_a_rule(actor: Actor) -> bool:
    return DetectionRule.objects.of(actor.workspace_id).exclude(version=1, is_builtin=True).exists()
