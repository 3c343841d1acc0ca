"""Routes: which events go to which channels."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from notifications.channels.models import Channel


def _words() -> ArrayField[list[str], list[str]]:
    return ArrayField(models.CharField(max_length=200), default=list, blank=True)


class Route(WorkspaceScoped):
    """Sends events that match all filters to channels. An empty filter matches everything.

    All matching routes apply; `position` is the order on the page. `kinds` means all channels of these
    kinds. label: `key=value`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    severities = _words()
    types = _words()
    components = _words()
    event_kinds = _words()
    label = models.CharField(max_length=300, blank=True, default="")
    kinds = _words()
    channels = models.ManyToManyField(Channel, blank=True, related_name="routes")
    is_enabled = models.BooleanField(default=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "position"], name="route_position_once",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
