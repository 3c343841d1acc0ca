"""Handles Slack errors of work items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.queue.items import hand_back
from core.queue.models import WorkItem
from core.queue.retry import Backoff
from warroom.slack.errors import SlackBusyError, SlackRefusedError, SlackRevokedError, SlackUnknownError

# About two hours: Slack has been away for longer than one.
BACKOFF: Final = Backoff(first=1.0, longest=60.0, attempts=150)
REVOKED_WAIT_S: Final = 60.0
TRIES_OF_UNKNOWN: Final = 3
MIN_WAIT_S: Final = 1.0


def run_with_backoff(item: WorkItem, work: Callable[[], None]) -> None:
    """Run `work`; on a rate limit or a revoked token, release the item without counting an attempt.

    An unknown error code is retried up to three attempts. Re-raises other errors.
    """
    try:
        work()
    except SlackBusyError as busy:
        hand_back([item], delay_s=max(busy.retry_after or MIN_WAIT_S, MIN_WAIT_S), last_error=str(busy))
    except SlackRevokedError as revoked:
        hand_back([item], delay_s=REVOKED_WAIT_S, last_error=str(revoked))
    except SlackRefusedError as refused:
        if refused.is_known or item.attempts >= TRIES_OF_UNKNOWN:
            raise
        raise SlackUnknownError(str(refused)) from refused
