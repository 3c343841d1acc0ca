"""Plans messages to subscribers: one per new update on the page and subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.db.models.query import QuerySet

from core.queue.models import Priority
from core.queue.runner import nudge_queue
from status.publishing.models import Maintenance, PublicIncident
from status.queues import SUBSCRIBERS
from status.snapshots.view import NoticeView, PageView
from status.subscriptions.models import Subscriber, SubscriberMessage
from status.subscriptions.payloads import message_payload

BATCH: Final = 1000


def announce(workspace_id: int, *, view: PageView) -> int:
    """Plan messages for new updates in `view`; must run in the transaction that stores it. Returns how many.

    Updates that became public together make one message, with the latest.
    """
    planned = 0
    for model, notices in ((PublicIncident, view.incidents), (Maintenance, view.maintenance)):
        rows = {one.public_id: one for one in model.objects.of(workspace_id).filter(
            public_id__in=[one.public_id for one in notices])}  # fmt: skip
        for notice in notices:
            row = rows[notice.public_id]
            new = [update.key for update in notice.updates if update.key not in row.announced]
            if new:
                row.announced = [*row.announced, *new]
                row.save(update_fields=["announced"])
                planned += _plan(workspace_id, view, notice, view.at)
    if planned:
        nudge_queue(SUBSCRIBERS)
    return planned


def _plan(workspace_id: int, view: PageView, notice: NoticeView, now: datetime) -> int:
    newest = notice.updates[0]
    payload = message_payload(view, notice)
    subscribers = _concerned(workspace_id, notice.components).filter(confirmed_at__lte=now)
    messages = [
        SubscriberMessage(
            workspace_id=workspace_id, subscriber_id=pk, kind=SubscriberMessage.Kind.UPDATE,
            event_key=f"{notice.public_id}:{newest.key}", payload=payload,
            priority=Priority.SUBSCRIBER.value, lane=f"subscriber:{pk}",
        )
        for pk in subscribers.values_list("pk", flat=True)
    ]  # fmt: skip
    SubscriberMessage.objects.bulk_create(messages, batch_size=BATCH, ignore_conflicts=True)
    return len(messages)


def _concerned(workspace_id: int, components: Sequence[str]) -> QuerySet[Any]:
    """Confirmed subscribers of all or one of these components; without components, all subscribers.

    A web process of the version before `all_components` stores only the components of a new subscriber.
    """
    found = Subscriber.objects.of(workspace_id).filter(subscriber_state=Subscriber.State.CONFIRMED)
    if components:
        wants_all = Q(all_components=True, components__isnull=True)
        found = found.filter(wants_all | Q(components__public_id__in=components))
    return found.distinct()
