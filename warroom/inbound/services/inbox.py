"""Stores requests from Slack, once, before they are acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.db import transaction
from django.db.models.functions import Now

from core.queue.runner import nudge_queue
from core.secrets.encryption import decrypt, encrypt
from warroom.connection.models import SlackTeam
from warroom.inbound.models import SlackInbox
from warroom.inbound.payloads import channel_id_in
from warroom.queues import SLACK


def store_request(
    workspace_id: int, team: SlackTeam, *, kind: str, key: str, payload: Mapping[str, Any]
) -> bool:
    """Store a request for the worker. Returns False if it is already stored."""
    values = {
        "workspace_id": workspace_id,
        "kind": kind,
        "payload": encrypt(orjson.dumps(payload).decode()),
        "lane": f"inbox:{team.pk}:{channel_id_in(dict(payload))}",
    }
    with transaction.atomic():
        _, is_new = SlackInbox.objects.of(workspace_id).get_or_create(
            team=team, key=key[:80], defaults=values
        )
        if is_new:
            nudge_queue(SLACK)
    return bool(is_new)


def mark_processed(workspace_id: int, team: SlackTeam, *, kind: str, key: str) -> bool:
    """Mark a request as processed in the caller's transaction. Returns False if it already was."""
    values = {
        "workspace_id": workspace_id, "kind": kind, "payload": "", "state": "done", "settled_at": Now(),
    }  # fmt: skip
    _, is_new = SlackInbox.objects.of(workspace_id).get_or_create(team=team, key=key[:80], defaults=values)
    return bool(is_new)


def payload_of(workspace_id: int, item: SlackInbox) -> dict[str, Any]:
    """The decrypted payload."""
    payload: dict[str, Any] = orjson.loads(decrypt(item.payload))
    return payload
