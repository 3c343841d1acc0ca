"""Records the state of a Slack connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.queue.runner import nudge_queue
from warroom.connection.models import SlackTeam
from warroom.queues import SLACK

NOTE_EVERY: Final = timedelta(seconds=5)
SCOPE_MISSING: Final = "missing scope"
GAP: Final = timedelta(seconds=60)


def pause_method(workspace_id: int, team: SlackTeam, method: str, seconds: float) -> None:
    """Record that Slack rate-limited this method; pauses of other methods stay."""
    rows = SlackTeam.objects.of(workspace_id).select_for_update()
    with transaction.atomic():
        for stored in rows.filter(pk=team.pk):
            end = timezone.now().timestamp() + seconds
            stored.paused[method] = max(end, stored.paused.get(method, 0))
            stored.save(update_fields=["paused"])


def paused_for_s(workspace_id: int, team: SlackTeam, method: str) -> float:
    """Return for how many seconds a method is rate-limited, as stored now: work is read in batches."""
    stored = SlackTeam.objects.of(workspace_id).filter(pk=team.pk).values_list("paused", flat=True).first()
    return max(0.0, float((stored or {}).get(method, 0)) - timezone.now().timestamp())


def note_revoked(workspace_id: int, team: SlackTeam, reason: str) -> None:
    """Record that the token is revoked; all work waits for a new one."""
    _set(workspace_id, team, SlackTeam.State.REVOKED, reason)


def note_missing_permission(workspace_id: int, team: SlackTeam, reason: str) -> None:
    """Record that Slack refused a call because of a missing scope or a policy."""
    _set(workspace_id, team, SlackTeam.State.DEGRADED, reason)


def note_working(
    workspace_id: int, team: SlackTeam, *, scopes: Sequence[str], missing: Sequence[str]
) -> None:
    """Record that Slack accepted the token, and resume queued work.

    A permission refused by a policy of Slack stays recorded until an admin checks the connection.
    """
    state, reason = team.state, team.reason
    if missing:
        state, reason = SlackTeam.State.DEGRADED, f"Missing scopes: {', '.join(missing)}."[:300]
    elif state != SlackTeam.State.DEGRADED or SCOPE_MISSING in reason.lower():
        state, reason = SlackTeam.State.OK, ""
    with transaction.atomic():
        known = {"state": state, "reason": reason, "scopes": list(scopes), "checked_at": timezone.now()}
        SlackTeam.objects.of(workspace_id).filter(pk=team.pk).update(**known)
        if team.state == SlackTeam.State.REVOKED:
            nudge_queue(SLACK)
    team.state, team.reason = state, reason


def note_announce_channel(workspace_id: int, team: SlackTeam, fault: str, channel_id: str = "") -> None:
    """Record why posting to the announcement channel fails ("" if it works), and its id if known."""
    found = {"announce_fault": fault[:300]} | ({"announce_channel": channel_id} if channel_id else {})
    SlackTeam.objects.of(workspace_id).filter(pk=team.pk).update(**found)


def note_accepted(workspace_id: int, team: SlackTeam) -> None:
    """Record a request with a valid signature, at most every few seconds."""
    now = timezone.now()
    stale = Q(last_accepted_at=None) | Q(last_accepted_at__lt=now - NOTE_EVERY)
    SlackTeam.objects.of(workspace_id).filter(stale, pk=team.pk).update(last_accepted_at=now)


def note_refused(workspace_id: int, team: SlackTeam, why: str) -> None:
    """Record a request that was refused, at most every few seconds."""
    now = timezone.now()
    stale = Q(last_refused_at=None) | Q(last_refused_at__lt=now - NOTE_EVERY)
    values = {"last_refused_at": now, "last_refused_why": why[:200]}
    SlackTeam.objects.of(workspace_id).filter(stale, pk=team.pk).update(**values)


def note_socket_alive(workspace_id: int, team: SlackTeam) -> bool:
    """Record that Socket Mode works. Returns whether there was a gap, so that events may be missed."""
    now = timezone.now()
    last = team.socket_seen_at
    SlackTeam.objects.of(workspace_id).filter(pk=team.pk).update(socket_seen_at=now, socket_fault="")
    return last is None or now - last > GAP


def note_socket_fault(workspace_id: int, team: SlackTeam, why: str) -> None:
    """Record that the Socket Mode connection failed."""
    SlackTeam.objects.of(workspace_id).filter(pk=team.pk).update(socket_fault=why[:200])


def _set(workspace_id: int, team: SlackTeam, state: SlackTeam.State, reason: str) -> None:
    team.state, team.reason = state, reason[:300]
    SlackTeam.objects.of(workspace_id).filter(pk=team.pk).update(state=state, reason=team.reason)
