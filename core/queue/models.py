"""Abstract work item: a row that one worker at a time may claim with a lease."""

from __future__ import annotations

from enum import IntEnum

from django.db import models
from django.db.models.functions import Now


class Priority(IntEnum):
    """Priority of an item: lower values are claimed first, however long others have been due."""

    PAGE = 0
    NOTICE = 1
    SUBSCRIBER = 2


class WorkItem(models.Model):
    """A unit of work in a queue.

    pending -> (claimed: lease_until in the future) -> done

    pending again with a later due_at

    dead.
    An expired lease makes the item claimable again; an item never fails because its worker died. `attempts`
    grows with each claim and is its fencing token: a worker that lost the lease cannot settle. Items of one
    `lane` are handled one after the other, in the order of their ids.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PENDING, db_default="pending"
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="", db_default="")
    priority = models.PositiveSmallIntegerField(default=Priority.NOTICE.value, db_default=1)
    lane = models.CharField(max_length=255, blank=True, default="", db_default="")

    # Whether this claim is already settled: set on the instance by `core.queue.items`.
    is_settled = False

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["priority", "due_at", "id"],
                name="%(class)s_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["lane", "id"],
                name="%(class)s_lane",
                condition=models.Q(state="pending") & ~models.Q(lane=""),
            ),
        ]
