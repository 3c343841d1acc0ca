"""Sends a test message through a channel synchronously and reports each step."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

from django.conf import settings
from django.db import connection

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.queue.retry import PassingError, PermanentError
from core.redaction import redact
from core.secrets.encryption import DecryptionError
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.channels.selectors import channel_for
from notifications.channels.state import mark_ok
from notifications.channels.targets import target_of
from notifications.deliveries.message import Message


@dataclass(frozen=True, slots=True)
class TestStep:
    """One step of a test."""

    title: str
    is_ok: bool
    detail: str


def send_test(actor: Actor, *, channel_id: int) -> list[TestStep]:
    """Send one message to each recipient. Raises Forbidden, NotFound; errors are reported as steps."""
    require(actor, Capability.CHANNELS_WRITE)
    channel = channel_for(actor, channel_id)
    record(actor, action="channel.test", target=channel, summary=f"{actor.label} tested {channel.name}")
    kind = CHANNEL_KINDS.get(channel.kind)
    steps = [TestStep("Read the settings", True, f"{kind.title}, {channel.name}")]
    for recipient in kind.recipients(channel.config):
        steps += _send(actor, channel, recipient)
    return steps


def _send(actor: Actor, channel: Channel, recipient: str) -> list[TestStep]:
    kind, steps, began = CHANNEL_KINDS.get(channel.kind), [], monotonic()
    to = f" to {recipient}" if recipient else ""
    try:
        target = target_of(channel, recipient)
        steps.append(TestStep("Decrypt the secrets", True, f"{len(target.secrets)} set"))
        if not connection.in_atomic_block:
            connection.close()
        sent = kind.send(target, _message(actor))
    except DecryptionError as error:
        return [*steps, TestStep("Decrypt the secrets", False, str(error))]
    except (PassingError, PermanentError) as error:
        body = getattr(error, "body", "")
        detail = redact(f"{error}: {body}" if body else str(error))[:500]
        return [*steps, TestStep(f"Send{to}", False, detail)]
    mark_ok(channel)
    took = f"{(monotonic() - began) * 1000:.0f} ms"
    status = f"status {sent.status}, " if sent.status else ""
    return [*steps, TestStep(f"Send{to}", True, redact(f"{status}{took}. {sent.detail}".strip()))]


def _message(actor: Actor) -> Message:
    return Message(
        public_id=str(uuid4()),
        event_kind="test",
        subject="Test message from Tocsin",
        lines=(f"Sent by {actor.label} to see whether this channel works.",),
        snapshot={"url": f"{settings.BASE_URL}/settings/channels"},
        workspace_id=actor.workspace_id,
    )
