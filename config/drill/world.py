"""Data of the drill in a fresh Tocsin: people, channels, a component, a connected action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import ApiToken, Membership, Role, User, Workspace
from accounts.sign_in.services import mint_sign_in_link
from accounts.tokens.services import issue_token
from config.drill.receivers import ROUTING_KEY, Receivers
from incidents.models import Component, IncidentCounter
from incidents.vocabulary import Severity
from notifications.channels.kinds.pagerduty import PagerDutyChannel
from notifications.channels.services import create_channel
from remediation.catalogue.services import change_action, ensure_catalogue
from remediation.recovery.services.policies import change_policy

SERVICE: Final = "checkout"
OTHER: Final = "billing"
ACTION: Final = "restart_service"
ROLLBACK: Final = "rollback_deployment"
SILENT: Final = "clear_cache"
COMMAND: Final = "drill_restart"
ROLLBACK_COMMAND: Final = "drill_rollback"
RESPONDER: Final = "dana.drill"
MANAGER: Final = "mia.drill"
SCOPES: Final = ("events:write", "incidents:read", "incidents:write")
RECOVERY_WINDOW_S: Final = 10


@dataclass(frozen=True)
class World:
    """The workspace, the token of its responder, and the one-time sign-in link of its manager."""

    workspace_id: int
    token: str
    sign_in: str


def build_world(workspace: Workspace, receivers: Receivers, health_url: str) -> World:
    """Create everything; once per workspace."""
    admin = system_actor(workspace.pk)
    IncidentCounter.objects.update_or_create(workspace=workspace, defaults={"opens_drills": True})
    Component.objects.create(workspace=workspace, name=SERVICE, tier=3, health_url=health_url)
    Component.objects.create(workspace=workspace, name=OTHER, tier=3)
    _add_channels(workspace.pk, receivers)
    ensure_catalogue(workspace.pk)
    connected = {"executor": "command", "config": {"command": COMMAND}, "cooldown_s": 0}
    change_action(admin, ACTION, fields=connected)
    everything = list(Severity.values)
    change_policy(admin, {"auto_resolve": everything, "recovery_window_s": RECOVERY_WINDOW_S})
    return World(workspace.pk, _token_of_responder(workspace), _sign_in_of_manager(workspace))


def connect_risky(workspace_id: int, silent_url: str) -> None:
    """Connect the actions of parts two and three, which part one would request as well."""
    admin = system_actor(workspace_id)
    connected = {"executor": "command", "config": {"command": ROLLBACK_COMMAND}, "cooldown_s": 0}
    change_action(admin, ROLLBACK, fields=connected)
    change_action(admin, SILENT, fields={"executor": "webhook", "config": {"url": silent_url}})


def _add_channels(workspace_id: int, receivers: Receivers) -> None:
    """Add three drill channels and one that is not for drills, which must receive nothing."""
    admin = system_actor(workspace_id)
    slack, real = {"webhook_url": receivers.slack_url}, {"webhook_url": receivers.real_slack_url}
    pager = {"routing_key": ROUTING_KEY}
    where = {"url": receivers.pagerduty_url}
    create_channel(admin, kind="slack", name="Slack of the drill", secrets=slack, is_for_drills=True)
    create_channel(
        admin,
        kind=PagerDutyChannel.name,
        name="PagerDuty of the drill",
        config=where,
        secrets=pager,
        is_for_drills=True,
    )
    create_channel(
        admin, kind="email", name="Mail of the drill", config={"to": "team@example.com"}, is_for_drills=True
    )
    create_channel(admin, kind="slack", name="Slack of every day", secrets=real)


def _sign_in_of_manager(workspace: Workspace) -> str:
    user = User.objects.create_user(MANAGER, "mia.drill@example.com", display_name="Mia Drill")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role=Role.MANAGER)
    return f"/sign-in/once/{mint_sign_in_link(user, now=timezone.now())}"


def _token_of_responder(workspace: Workspace) -> str:
    user = User.objects.create_user(RESPONDER, "dana.drill@example.com", display_name="Dana Drill")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role=Role.RESPONDER)
    issued = issue_token(system_actor(workspace.pk), name="Drill", scopes=SCOPES)
    ApiToken.objects.of(workspace.pk).filter(pk=issued.row.pk).update(user=user)
    return issued.text
