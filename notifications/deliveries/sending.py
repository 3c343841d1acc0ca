"""Sends one claimed delivery: attempt row, call, settlement. Runs in the outbound workers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
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
from notifications.contacts.ways import is_member
from notifications.deliveries.analysis import analysis_for
from notifications.deliveries.digest import hold_for_digest, merge_into, merged_into
from notifications.deliveries.duplicates import revive_duplicates
from notifications.deliveries.explaining import record_settled
from notifications.deliveries.fallback import fall_back, fall_back_waiting_pages
from notifications.deliveries.limits import hold_for_limit, is_over_limit
from notifications.deliveries.message import Message, compose
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.deliveries.settling import hold_with_reason, settle_with_reason
from notifications.routes.decision import URGENT_KINDS

log = logging.getLogger(__name__)
PAGE_BACKOFF: Final = Backoff(first=1.0, longest=60.0, attempts=60)
NOTICE_BACKOFF: Final = Backoff()
RATE_LIMIT_S: Final = 5.0
# What a fault of ours, or of a library, raises while a message is made and sent.
FAULTS: Final = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
LOOK_BACK: Final = timedelta(seconds=5)  # clocks differ
MAX_DETAIL: Final = 2000
# Status codes that mean that the channel itself is broken.
_CHANNEL_STATUSES: Final = {401, 403, 404, 410}
_CHANNEL_ERRORS: Final = {
    "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "channel_not_found",
    "is_archived", "not_in_channel", "missing_scope",
}  # fmt: skip


def send_delivery(delivery: Delivery) -> None:
    """Send a claimed delivery, or settle it unsent if there is a reason to."""
    attempts = _attempts(delivery)
    if found := _superseded(delivery, attempts):
        settle_with_reason(delivery, Delivery.Outcome.SUPERSEDED, *found)
        return
    if not delivery.is_page and (_merge(delivery) or hold_for_digest(delivery)):
        return
    try:
        kind, target = _kind_and_target(delivery)
    except (PermanentError, DecryptionError) as error:
        _failed(delivery, None, error)
        return
    if is_over_limit(delivery, kind):
        hold_for_limit(delivery, kind)
        return
    attempt, earlier = _begin(delivery, attempts)
    try:
        message = _message(delivery)
        connection.close()  # free the connection for others during the call
        sent = _send(kind, target, message, earlier)
    except (PassingError, PermanentError) as error:
        _failed(delivery, attempt, error, kind.deduplicates or kind.can_find_sent(target))
    except FAULTS as error:
        # As any other failure it is shown, tried again, and passed to the fallback.
        log.exception("delivery %s failed", delivery.pk)
        fault = f"a fault of Tocsin: {type(error).__name__}"
        _failed(delivery, attempt, HttpPassingError(fault, may_have_acted=True))
    else:
        _succeeded(delivery, attempt, sent)


def _send(kind: ChannelKind, target: Target, message: Message, earlier: datetime | None) -> Sent:
    """Send it, unless an unconfirmed attempt since `earlier` is found at the receiver."""
    if earlier is None or kind.deduplicates:
        return kind.send(target, message)
    if kind.can_find_sent(target):
        try:
            found = kind.find_sent(target, message, earlier - LOOK_BACK)
        except PermanentError:
            return kind.send(target, message.as_repeat())
        return found or kind.send(target, message)
    return kind.send(target, message.as_repeat())


def _attempts(delivery: Delivery) -> list[DeliveryAttempt]:
    """The attempts so far, in order; while this claim is held, nobody adds another."""
    rows = DeliveryAttempt.objects.of(delivery.workspace_id).filter(delivery=delivery)
    return list(rows.order_by("number"))


def _superseded(delivery: Delivery, attempts: Sequence[DeliveryAttempt]) -> tuple[Reason, str] | None:
    channel = delivery.channel
    if delivery.channel_id is None and delivery.method_id is None and not delivery.is_to_account:
        return Reason.DESTINATION_GONE, "the channel or contact method was deleted"
    if delivery.method is not None and not is_member(delivery.workspace_id, delivery.method.user_id):
        return Reason.DESTINATION_GONE, "the person is no member any more"
    if channel is not None and not channel.is_enabled:
        return Reason.CHANNEL_OFF, "the channel is disabled"
    of = Incident.objects.of(delivery.workspace_id).filter(pk=delivery.incident_id)
    is_private, status = of.values_list("is_private", "status").first() or (False, "")
    if channel is not None and is_private:
        return Reason.PRIVATE, "the incident is private"
    if status in OVER and _is_trigger(delivery, attempts):
        return Reason.INCIDENT_OVER, "the incident was resolved before it could be sent"
    return None


def _is_trigger(delivery: Delivery, attempts: Sequence[DeliveryAttempt]) -> bool:
    """Whether it only asks for a response, which is pointless once the incident is resolved."""
    if delivery.event_kind == "page":
        return not attempts
    channel = delivery.channel
    if channel is not None and CHANNEL_KINDS.get(channel.kind).is_always_page:
        return delivery.event_kind in URGENT_KINDS | {"incident.acknowledged"}
    is_opening = delivery.event_kind in {"incident.opened", "incident.reopened"}
    return is_opening and delivery.event_key.startswith("unmuted:")


def _merge(delivery: Delivery) -> bool:
    """Merge it into the newest notice to the same destination about the same incident."""
    if delivery.incident_id is None or delivery.lane:
        return False
    newer = Delivery.objects.of(delivery.workspace_id).filter(
        destination=delivery.destination,
        incident_id=delivery.incident_id,
        priority=Priority.NOTICE,
        pk__gt=delivery.pk,
        lane="",
    )
    return merge_into(delivery, newer, "merged into the notice “{event}” that follows")


def _kind_and_target(delivery: Delivery) -> tuple[ChannelKind, Target]:
    if delivery.method is not None:
        return kind_and_target(delivery.method)
    if delivery.is_to_account:
        return account_kind_and_target(delivery.workspace_id, delivery.user_id or 0)
    channel = delivery.channel
    if channel is None or channel.kind not in CHANNEL_KINDS:
        raise PermanentError("the channel is of an unknown kind")
    return CHANNEL_KINDS.get(channel.kind), target_of(channel, delivery.recipient)


def _begin(
    delivery: Delivery, attempts: Sequence[DeliveryAttempt]
) -> tuple[DeliveryAttempt, datetime | None]:
    """Store the attempt before the call. Also returns when the first unconfirmed attempt began."""
    earlier = next((one.started_at for one in attempts if one.result in ("", "unknown")), None)
    number = attempts[-1].number + 1 if attempts else 1
    made = DeliveryAttempt.objects.create(
        workspace_id=delivery.workspace_id, delivery=delivery, number=number
    )
    return made, earlier


def _message(delivery: Delivery) -> Message:
    merged = [] if delivery.is_page else _still_visible(delivery, merged_into(delivery))
    return compose(
        delivery.payload,
        public_id=str(delivery.public_id),
        workspace_id=delivery.workspace_id,
        merged=[one.payload for one in merged],
        analysis=analysis_for(delivery),
    )


def _still_visible(delivery: Delivery, merged: Sequence[Delivery]) -> list[Delivery]:
    """Return the merged deliveries whose incidents have not become private since."""
    if delivery.channel_id is None or not merged:
        return list(merged)
    about = {one.incident_id for one in merged}
    private = Incident.objects.of(delivery.workspace_id).filter(pk__in=about, is_private=True)
    hidden = set(private.values_list("pk", flat=True))
    return [one for one in merged if one.incident_id not in hidden]


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
    delivery: Delivery, attempt: DeliveryAttempt | None, error: Exception, may_try_again: bool = True
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
        elif is_unknown and not may_try_again and not delivery.is_page:
            settle_with_reason(delivery, Delivery.Outcome.UNKNOWN, Reason.LOST_RESPONSE, reason)
        else:
            _retry_or_die(delivery, error, reason)


def _rate_limited(delivery: Delivery, error: Exception, reason: str) -> None:
    """Hold it until the receiver accepts calls again; not counted as an attempt."""
    pause = getattr(error, "retry_after", None) or RATE_LIMIT_S
    reason = f"held {pause:.0f} s, because the receiver limits the rate: {reason}"[:500]
    hold_with_reason(delivery, min(pause, 3600.0), Reason.RATE_LIMITED, reason)
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
            mark_broken(channel, reason)
            fall_back_waiting_pages(channel)
        else:
            mark_failing(channel, reason)
    if is_dead and delivery.is_page:
        revive_duplicates(delivery)
    fall_back(delivery, is_dead=is_dead)


def _is_about_the_channel(error: Any) -> bool:
    return isinstance(error, PermanentError) and (
        getattr(error, "status", None) in _CHANNEL_STATUSES or getattr(error, "body", "") in _CHANNEL_ERRORS
    )
