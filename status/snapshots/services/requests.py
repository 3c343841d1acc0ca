"""Requests builds of a status page."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest, Least, Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from status.queues import STATUS_PAGE
from status.snapshots.models import PageBuild

MIN_BETWEEN_BUILDS = timedelta(seconds=1)


def request_build(workspace_id: int) -> None:
    """Request a build of the workspace's page, at most once a second. No-op without a page.

    A running build is not interrupted: it runs again because of `wanted`.
    """
    soon = Least(F("due_at"), Greatest(Now(), F("built_at") + Value(MIN_BETWEEN_BUILDS)))
    builds = PageBuild.objects.of(workspace_id)
    requested = builds.update(
        wanted=F("wanted") + 1,
        state=WorkItem.State.PENDING,
        due_at=Case(
            When(state=WorkItem.State.PENDING, lease_until__gt=Now(), then=F("due_at")), default=soon
        ),
    )
    if requested:
        nudge_queue(STATUS_PAGE)
