"""The outbox where people see it: what waits, what was given up, and sending it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.models import OutboxDispatch
from core.relay import send_again

if TYPE_CHECKING:
    Base = admin.ModelAdmin[OutboxDispatch]
else:  # Django's own class takes no type while running
    Base = admin.ModelAdmin


@admin.register(OutboxDispatch)
class OutboxDispatchAdmin(Base):
    """Read only, but for the one thing a person can do about a dead dispatch."""

    list_display = ("id", "subscriber", "event", "state", "attempts", "due_at", "settled_at", "last_error")
    list_filter = ("state", "subscriber")
    list_select_related = ("event",)
    show_full_result_count = False
    actions = ("send_chosen_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only `publish` writes here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxDispatch | None = None) -> bool:
        """The relay alone changes them."""
        return False

    @admin.action(description="Send again what was given up", permissions=["view"])
    def send_chosen_again(self, request: HttpRequest, chosen: QuerySet[OutboxDispatch]) -> None:
        """Make the chosen dead ones due now."""
        count = send_again(list(chosen.values_list("pk", flat=True)))
        self.message_user(request, f"{count} will be sent again; the others were not given up.")
