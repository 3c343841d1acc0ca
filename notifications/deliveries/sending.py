"""Sends one claimed delivery: attempt row, call, settlement. Runs in the outbound workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from core.http.client import HttpPassingError
from core.queue import items
from core.queue.models import Priority
from core.queue.retry import Backoff, PassingError, PermanentError
from core.reasons import Reason
from core.redaction import redact
from core.secrets.encryption import DecryptionError
from incidents.models import Incident
from incidents.vocabulary import OVER
from notifications.channels.kind import CHANNEL_KINDS, ChannelKind, Sent, Target
from notifications.channels.state import mark_broken, mark_failing, mark_ok
from notifications.channels.targets import target_of
from notifications.contacts.targets import account_kind_and_target, kind_and_target
from notifications.deliveries.explaining import record_settled
from notifications.deliveries.fallback import fall_back
from notifications.deliveries.message import Message, compose
from notifications.deliveries.models import Delivery, DeliveryAttempt

PAGE_BACKOFF: Final = Backoff(first=1.0, longest=60.0, attempts=60)
NOTICE_BACKOFF: Final = Backoff()
MAX_NOTICES_PER_MINUTE: Final = 10
RATE_LIMIT_S: Final = 5.0
MAX_DETAIL: Final = 2000
# What the receiver says of the channel itself rather than of one message.
_CHANNEL_STATUSES: Final = {401, 403, 404, 410}
_CHANNEL_ERRORS: Final = {
    "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "channel_not_found",
    "is_archived", "not_in_channel", "missing_scope",
}  # fmt: skip


def send_delivery(delivery: Delivery) -> None:
    """Send it, or settle it without sending when there is a reason to."""
    if found := _superseded(delivery):
        _settle(delivery, Delivery.Outcome.SUPERSEDED, *found)
        return
    if not delivery.is_page and (_merge(delivery) or _throttle(delivery)):
        return
    try:
        kind, target = _kind_and_target(delivery)
    except (PermanentError, DecryptionError) as error:
        _failed(delivery, None, error)
        return
    attempt, may_repeat = _begin(delivery, kind)
    message = _message(delivery, may_repeat=may_repeat)
    connection.close()  # a receiver may take its time; others need the connection
    try:
        sent = kind.send(target, message)
    except (PassingError, PermanentError) as error:
        _failed(delivery, attempt, error, kind)
    else:
        _succeeded(delivery, attempt, sent)


def _settle(delivery: Delivery, outcome: Delivery.Outcome, code: Reason, text: str, **fields: Any) -> bool:
    """Settle it with a reason, and record that; False when another worker has it."""
    with transaction.atomic():
        is_ours = items.settle(delivery, outcome=outcome, reason_code=code, reason=text, **fields)
        if is_ours:
            record_settled(delivery, outcome, code, text)
    return is_ours


def _hold(delivery: Delivery, seconds: float, code: Reason, text: str) -> None:
    """Not an attempt: it comes back later, and that is recorded."""
    outcome = Delivery.Outcome.HELD
    with transaction.atomic():
        items.hand_back([delivery], delay_s=seconds, outcome=outcome, reason_code=code, reason=text)
        record_settled(delivery, outcome, code, text)


def _superseded(delivery: Delivery) -> tuple[Reason, str] | None:
    channel = delivery.channel
    if delivery.channel_id is None and delivery.method_id is None and not delivery.is_to_account:
        return Reason.DESTINATION_GONE, "the channel or contact method was deleted"
    if channel is not None and not channel.is_enabled:
        return Reason.CHANNEL_OFF, "the channel is off"
    of = Incident.objects.of(delivery.workspace_id).filter(pk=delivery.incident_id)
    if channel is not None and of.filter(is_private=True).exists():
        return Reason.PRIVATE, "the incident is private"
    if delivery.event_kind not in {"incident.opened", "incident.reopened"}:
        return None
    over = of.filter(status__in=OVER)
    is_always_page = channel is not None and CHANNEL_KINDS.get(channel.kind).is_always_page
    if (is_always_page or delivery.event_key.startswith("unmuted:")) and over.exists():
        return Reason.INCIDENT_OVER, "the incident was resolved before it could be triggered"
    return None


def _merge(delivery: Delivery) -> bool:
    """Leave it to the newest notice for the same destination about the same incident."""
    newest = (
        Delivery.objects.of(delivery.workspace_id)
        .filter(
            destination=delivery.destination,
            incident_id=delivery.incident_id,
            priority=Priority.NOTICE,
            state=Delivery.State.PENDING,
            pk__gt=delivery.pk,
            lane="",
        )
        .order_by("-pk")
        .first()
    )
    if newest is None or delivery.incident_id is None or delivery.lane:
        return False
    reason = f"merged into the notice “{newest.event_kind}” that follows"
    return _settle(delivery, Delivery.Outcome.MERGED, Reason.MERGED, reason, merged_into=newest)


def _throttle(delivery: Delivery) -> bool:
    """Hold notices beyond ten a minute to one channel."""
    if delivery.channel is None or delivery.channel.kind == "log":
        return False
    lately = Delivery.objects.of(delivery.workspace_id).filter(
        channel_id=delivery.channel_id,
        settled_at__gt=Now() - timedelta(minutes=1),
        outcome=Delivery.Outcome.SENT,
        priority=Priority.NOTICE,
    )
    if lately.count() < MAX_NOTICES_PER_MINUTE:
        return False
    reason = f"held, because {MAX_NOTICES_PER_MINUTE} notices a minute are sent to a channel"
    _hold(delivery, 20.0, Reason.THROTTLED, reason)
    return True


def _kind_and_target(delivery: Delivery) -> tuple[ChannelKind, Target]:
    if delivery.method is not None:
        return kind_and_target(delivery.method)
    if delivery.is_to_account:
        return account_kind_and_target(delivery.workspace_id, delivery.user_id or 0)
    channel = delivery.channel
    if channel is None or channel.kind not in CHANNEL_KINDS:
        raise PermanentError("the channel is of a kind that is unknown here")
    return CHANNEL_KINDS.get(channel.kind), target_of(channel, delivery.recipient)


def _begin(delivery: Delivery, kind: ChannelKind) -> tuple[DeliveryAttempt, bool]:
    """Write the attempt before the call. The second value: an earlier one may have arrived."""
    rows = DeliveryAttempt.objects.of(delivery.workspace_id).filter(delivery=delivery)
    number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
    open_or_unknown = rows.filter(result__in=("", "unknown")).exists()
    made = DeliveryAttempt.objects.create(
        workspace_id=delivery.workspace_id, delivery=delivery, number=number
    )
    return made, open_or_unknown and not kind.recognizes_repeats


def _message(delivery: Delivery, *, may_repeat: bool) -> Message:
    merged = Delivery.objects.of(delivery.workspace_id).filter(merged_into=delivery).order_by("pk")
    return compose(
        delivery.payload,
        public_id=str(delivery.public_id),
        workspace_id=delivery.workspace_id,
        merged=[one.payload for one in merged[:20]] if not delivery.is_page else [],
        may_repeat=may_repeat,
    )


def _end(attempt: DeliveryAttempt | None, result: str, status: int | None, detail: str) -> None:
    if attempt is not None:
        rows = DeliveryAttempt.objects.of(attempt.workspace_id).filter(pk=attempt.pk)
        text = redact(detail).replace("\x00", "")[:MAX_DETAIL]
        rows.update(ended_at=Now(), result=result, status=status, detail=text)


def _succeeded(delivery: Delivery, attempt: DeliveryAttempt, sent: Sent) -> None:
    with transaction.atomic():
        _end(attempt, "sent", sent.status, sent.detail)
        ref = sent.provider_ref[:200]
        items.settle(delivery, outcome=Delivery.Outcome.SENT, reason="", reason_code="", provider_ref=ref)
        if delivery.channel is not None:
            mark_ok(delivery.channel)


def _failed(
    delivery: Delivery, attempt: DeliveryAttempt | None, error: Exception, kind: ChannelKind | None = None
) -> None:
    status = getattr(error, "status", None)
    body = getattr(error, "body", "")
    detail = f"{error}: {body}" if body else str(error)
    is_unknown = isinstance(error, HttpPassingError) and error.may_have_acted
    with transaction.atomic():
        _end(attempt, "unknown" if is_unknown else "failed", status, detail)
        reason = redact(detail)[:500]
        if status == 429:
            _rate_limited(delivery, error, reason)
        elif is_unknown and kind is not None and not kind.recognizes_repeats and not delivery.is_page:
            _settle(delivery, Delivery.Outcome.UNKNOWN, Reason.LOST_ANSWER, reason)
        else:
            _retry_or_die(delivery, error, reason)


def _rate_limited(delivery: Delivery, error: Exception, reason: str) -> None:
    """Not an attempt: the receiver said when to come back."""
    asked = getattr(error, "retry_after", None) or RATE_LIMIT_S
    reason = f"held {asked:.0f} s, because the receiver limits the rate: {reason}"[:500]
    _hold(delivery, min(asked, 3600.0), Reason.RATE_LIMITED, reason)
    fall_back(delivery, is_dead=False)


def _retry_or_die(delivery: Delivery, error: Exception, reason: str) -> None:
    backoff = PAGE_BACKOFF if delivery.is_page else NOTICE_BACKOFF
    is_dead = isinstance(error, PermanentError) or delivery.attempts >= backoff.attempts
    outcome = Delivery.Outcome.DEAD if is_dead else Delivery.Outcome.PENDING
    used_up = Reason.REFUSED if isinstance(error, PermanentError) else Reason.TRIES_USED_UP
    code = used_up if is_dead else Reason.RETRIED
    items.fail(delivery, error, backoff, outcome=outcome, reason=reason, reason_code=code)
    record_settled(delivery, outcome, code, reason)
    channel = delivery.channel
    if channel is not None:
        if _is_about_the_channel(error):
            mark_broken(channel, reason, is_gone=getattr(error, "status", None) == 410)
        else:
            mark_failing(channel, reason)
    fall_back(delivery, is_dead=is_dead)


def _is_about_the_channel(error: Any) -> bool:
    return isinstance(error, PermanentError) and (
        getattr(error, "status", None) in _CHANNEL_STATUSES or getattr(error, "body", "") in _CHANNEL_ERRORS
    )
