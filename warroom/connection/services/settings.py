"""Changes the connection of a workspace to Slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import invalid
from core.errors import Conflict, NotFound
from core.queue.runner import nudge_queue
from core.secrets.encryption import encrypt
from core.secrets.live_values import LiveSecret
from warroom.connection.models import SlackTeam
from warroom.connection.validation import (
    clean_app_token,
    clean_bot_token,
    clean_channel,
    clean_signing_secret,
)
from warroom.queues import SLACK

MAX_ARCHIVE_DAYS = 365
MAX_TEAMS = 20


@dataclass(frozen=True, slots=True)
class SlackValues:
    """Settings entered by an admin; empty secrets are unchanged."""

    bot_token: str = ""
    signing_secret: str = ""
    app_token: str = ""
    announce_channel: str = ""
    opens_rooms: bool = True
    archive_days: int = 7
    clears_app_token: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of a token, as reported by Slack."""

    slack_id: str
    name: str
    url: str
    bot_user_id: str
    bot_id: str
    scopes: Sequence[str]


def put_slack(
    actor: Actor, *, values: SlackValues, team_id: int | None = None, is_new: bool = False
) -> SlackTeam:
    """Save a connection: the given one, the default one, or a new one.

    Secrets are stored encrypted. Raises Invalid, Conflict, NotFound, Forbidden.
    """
    require(actor, Capability.SETTINGS_WRITE)
    if not 1 <= values.archive_days <= MAX_ARCHIVE_DAYS:
        raise invalid("archive_days", "range", f"must be 1 to {MAX_ARCHIVE_DAYS}")
    with transaction.atomic():
        team = _team_to_store(actor.workspace_id, team_id, is_new)
        changed = _store_secrets(team, values)
        for name, value in (
            ("announce_channel", clean_channel(values.announce_channel)),
            ("opens_rooms", values.opens_rooms),
            ("archive_days", values.archive_days),
        ):
            if getattr(team, name) != value:
                changed.append(name)
                setattr(team, name, value)
        if "announce_channel" in changed:
            team.announce_fault = ""
        team.save()
        record(
            actor, action="slack.settings", target=team,
            summary=f"Slack settings changed: {', '.join(changed) or 'nothing'}",
        )  # fmt: skip
    return team


def _team_to_store(workspace_id: int, team_id: int | None, is_new: bool) -> SlackTeam:
    rows = SlackTeam.objects.of(workspace_id).select_for_update()
    if team_id is not None:
        return _locked(workspace_id, team_id)
    first = rows.order_by("-is_default", "id").first()
    if first is not None and not is_new:
        return cast("SlackTeam", first)
    if rows.count() >= MAX_TEAMS:
        raise Conflict(f"A workspace may have {MAX_TEAMS} Slack teams. Nothing was changed.")
    return SlackTeam(workspace_id=workspace_id, is_default=first is None)


def _locked(workspace_id: int, team_id: int | None) -> SlackTeam:
    """Lock and return a connection, by default the default one. Raises NotFound."""
    rows = SlackTeam.objects.of(workspace_id).select_for_update().order_by("-is_default", "id")
    found: SlackTeam | None = (rows if team_id is None else rows.filter(pk=team_id)).first()
    if found is None:
        raise NotFound("Slack is not connected to this workspace.")
    return found


def _store_secrets(team: SlackTeam, values: SlackValues) -> list[str]:
    """Encrypt the entered secrets. Returns their names."""
    changed = []
    if values.bot_token:
        team.bot_token, team.state, team.reason = encrypt(clean_bot_token(values.bot_token)), "unchecked", ""
        changed.append("bot token")
    if values.signing_secret:
        secret = LiveSecret.from_encrypted(team.signing_secret)
        team.signing_secret = secret.replaced_by(clean_signing_secret(values.signing_secret)).encrypted()
        changed.append("signing secret")
    if values.clears_app_token and team.app_token:
        team.app_token, team.socket_seen_at, team.socket_fault = "", None, ""
        changed.append("app token removed")
    if values.app_token:
        team.app_token = encrypt(clean_app_token(values.app_token))
        changed.append("app token")
    return changed


def record_check(
    actor: Actor, *, team_id: int, identity: Identity, missing: Sequence[str], announce_channel: str
) -> SlackTeam:
    """Record that Slack accepted the token, and resume queued work.

    Raises Conflict if another connection of the workspace has this Slack team, NotFound, Forbidden.
    """
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team = _locked(actor.workspace_id, team_id)
        others = SlackTeam.objects.of(actor.workspace_id).filter(slack_id=identity.slack_id)
        if others.exclude(pk=team.pk).exists():
            raise Conflict(f"{identity.name} is connected to this workspace already. Nothing was changed.")
        for name in Identity.__slots__:
            setattr(team, name, getattr(identity, name))
        team.scopes = list(identity.scopes)
        team.announce_channel, team.announce_fault = announce_channel, ""
        team.state = SlackTeam.State.DEGRADED if missing else SlackTeam.State.OK
        team.reason = f"Missing scopes: {', '.join(missing)}."[:300] if missing else ""
        team.checked_at, team.paused = timezone.now(), {}
        team.save()
        nudge_queue(SLACK)
    return team


def record_test(actor: Actor, *, team_id: int) -> None:
    """Record that a test message was sent. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team = _locked(actor.workspace_id, team_id)
        record(actor, action="slack.test", target=team, summary=f"Test message sent to {team.name}")


def make_default(actor: Actor, *, team_id: int) -> SlackTeam:
    """Open the rooms of new incidents in this team. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team = _locked(actor.workspace_id, team_id)
        SlackTeam.objects.of(actor.workspace_id).filter(is_default=True).update(is_default=False)
        team.is_default = True
        team.save(update_fields=["is_default"])
        record(
            actor, action="slack.default", target=team, summary=f"Rooms are opened in {team.name}"
        )  # fmt: skip
    return team


def disconnect(actor: Actor, *, team_id: int | None = None) -> None:
    """Delete the secrets; rooms and links stay. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team = _locked(actor.workspace_id, team_id)
        team.bot_token = team.signing_secret = team.app_token = team.slack_id = ""
        team.state, team.reason = SlackTeam.State.REVOKED, "Disconnected by an admin."
        team.save()
        record(actor, action="slack.disconnect", target=team, summary="Slack disconnected")
