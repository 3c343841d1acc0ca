"""Changes the connection of a workspace to Slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import invalid
from core.errors import NotFound
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


@dataclass(frozen=True, slots=True)
class SlackValues:
    """What an admin enters; an empty secret leaves the stored one as it is."""

    bot_token: str = ""
    signing_secret: str = ""
    app_token: str = ""
    announce_channel: str = ""
    opens_rooms: bool = True
    archive_days: int = 7


@dataclass(frozen=True, slots=True)
class Identity:
    """What Slack says of the token."""

    slack_id: str
    name: str
    url: str
    bot_user_id: str
    bot_id: str
    scopes: Sequence[str]


def put_slack(actor: Actor, *, values: SlackValues) -> SlackTeam:
    """Store the connection. Secrets are encrypted and never shown again. Raises Invalid, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    if not 1 <= values.archive_days <= MAX_ARCHIVE_DAYS:
        raise invalid("archive_days", "range", f"must be 1 to {MAX_ARCHIVE_DAYS}")
    with transaction.atomic():
        rows = SlackTeam.objects.of(actor.workspace_id).select_for_update()
        team = rows.first() or SlackTeam(workspace_id=actor.workspace_id)
        changed = _store_secrets(team, values)
        for name, value in (
            ("announce_channel", clean_channel(values.announce_channel)),
            ("opens_rooms", values.opens_rooms),
            ("archive_days", values.archive_days),
        ):
            if getattr(team, name) != value:
                changed.append(name)
                setattr(team, name, value)
        team.save()
        record(
            actor, action="slack.settings", target=team,
            summary=f"Slack settings changed: {', '.join(changed) or 'nothing'}",
        )  # fmt: skip
    return team


def _store_secrets(team: SlackTeam, values: SlackValues) -> list[str]:
    """Encrypt the secrets that were entered. Returns their names."""
    changed = []
    if values.bot_token:
        team.bot_token, team.state, team.reason = encrypt(clean_bot_token(values.bot_token)), "unchecked", ""
        changed.append("bot token")
    if values.signing_secret:
        secret = LiveSecret.from_encrypted(team.signing_secret)
        team.signing_secret = secret.replaced_by(clean_signing_secret(values.signing_secret)).encrypted()
        changed.append("signing secret")
    if values.app_token:
        team.app_token = encrypt(clean_app_token(values.app_token))
        changed.append("app token")
    return changed


def record_check(
    actor: Actor, *, identity: Identity, missing: Sequence[str], announce_channel: str
) -> SlackTeam:
    """Write down a token that Slack accepted; work that waited for it goes on. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team: SlackTeam | None = SlackTeam.objects.of(actor.workspace_id).select_for_update().first()
        if team is None:
            raise NotFound("Slack is not connected to this workspace.")
        for name in Identity.__slots__:
            setattr(team, name, getattr(identity, name))
        team.scopes = list(identity.scopes)
        team.announce_channel = announce_channel
        team.state = SlackTeam.State.DEGRADED if missing else SlackTeam.State.OK
        team.reason = f"Missing scopes: {', '.join(missing)}."[:300] if missing else ""
        team.checked_at, team.paused = timezone.now(), {}
        team.save()
        nudge_queue(SLACK)
    return team


def disconnect(actor: Actor) -> None:
    """Forget the secrets; rooms and links stay. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        team = SlackTeam.objects.of(actor.workspace_id).select_for_update().first()
        if team is None:
            return
        team.bot_token = team.signing_secret = team.app_token = team.slack_id = ""
        team.state, team.reason = SlackTeam.State.REVOKED, "Disconnected by an admin."
        team.save()
        record(actor, action="slack.disconnect", target=team, summary="Slack disconnected")
