"""Queue handlers of status pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from core.queue.handlers import works_on
from core.queue.models import Priority
from core.queue.retry import Backoff
from status.queues import STATUS_PAGE, SUBSCRIBERS
from status.snapshots.models import PageBuild
from status.snapshots.services.building import build_due
from status.subscriptions.models import SubscriberMessage
from status.subscriptions.sending import send_message

BUILD_BACKOFF: Final = Backoff(first=1.0, longest=60.0, attempts=30_000)
MAIL_BACKOFF: Final = Backoff(first=30.0, longest=3600.0, attempts=12)
BOTH: Final = (Priority.NOTICE, Priority.SUBSCRIBER)


@works_on(STATUS_PAGE, PageBuild, backoff=BUILD_BACKOFF)
def build(item: PageBuild) -> None:
    """Render one page."""
    build_due(item.workspace_id, build=item)


@works_on(
    SUBSCRIBERS, SubscriberMessage, priorities=BOTH, backoff=MAIL_BACKOFF, keep=timedelta(days=30),
    related=("subscriber", "subscriber__page"),
)  # fmt: skip
def message(item: SubscriberMessage) -> None:
    """Send one message to a subscriber."""
    send_message(item)
