"""Publishes maintenance windows: their occurrences become scheduled maintenance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_name
from notifications.silences.models import WindowOccurrence
from notifications.silences.selectors import window_for
from status.pages.selectors import page_of
from status.pages.validation import new_public_id
from status.publishing.models import Maintenance, PublicWindow
from status.publishing.services.incidents import refuse_sensitive
from status.publishing.services.maintenance import chosen_components
from status.snapshots.services.requests import request_build

CREATED_BY: Final = "Maintenance window"


def show_window(
    actor: Actor, *, window_id: int, title: str, components: Sequence[str] = (), confirmed: bool = False
) -> PublicWindow:
    """Publish the occurrences of a maintenance window with a public title, or change the title.

    `components`: public ids. Raises Invalid, NotFound, Forbidden.
    """
    require(actor, Capability.STATUS_PUBLISH)
    page, window = page_of(actor), window_for(actor, window_id)
    name = clean_name(title, field="title")
    refuse_sensitive(actor, "title", name, confirmed=confirmed)
    chosen = chosen_components(actor, components)
    with transaction.atomic():
        shown: PublicWindow = PublicWindow.objects.of(actor.workspace_id).update_or_create(
            window=window, defaults={"public_title": name},
            create_defaults={"workspace_id": actor.workspace_id, "page": page, "public_title": name},
        )[0]  # fmt: skip
        shown.components.set(chosen)
        record(actor, action="status_window.show", target=shown, summary=f"{window.name} shown as {name}")
        request_build(actor.workspace_id)
    return shown


def hide_window(actor: Actor, *, window_id: int) -> None:
    """Remove a window and its occurrences from the page. Idempotent. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    window = window_for(actor, window_id)
    shown = PublicWindow.objects.of(actor.workspace_id).filter(window=window).first()
    if shown is None:
        return
    with transaction.atomic():
        record(actor, action="status_window.hide", target=shown, summary=f"{window.name} off the page")
        shown.delete()
        request_build(actor.workspace_id)


def follow_windows(workspace_id: int, *, now: datetime) -> None:
    """Sync the page's maintenance with its windows: running and next occurrences.

    Occurrences removed from the window are cancelled. One ended by a person stays ended.
    """
    shown = list(
        PublicWindow.objects.of(workspace_id).filter(window__archived_at=None).prefetch_related("components")
    )
    wanted = _wanted(workspace_id, shown, now)
    rows = Maintenance.objects.of(workspace_id).filter(shown_window__isnull=False)
    # An occurrence that was extended at the last moment has already ended on the page.
    extended = Q(starts_at__in={starts_at for _, starts_at in wanted})
    known = {(row.shown_window_id, row.starts_at): row for row in rows.filter(Q(ends_at__gt=now) | extended)}
    for key, row in known.items():
        if key not in wanted and row.cancelled_at is None and row.ends_at > now:
            row.shown_window, row.cancelled_at = None, now
            row.save(update_fields=["shown_window", "cancelled_at"])
    for one in shown:
        _keep(one, [span for (pk, _), span in wanted.items() if pk == one.pk], known)


def _wanted(
    workspace_id: int, shown: Sequence[PublicWindow], now: datetime
) -> dict[tuple[int, datetime], WindowOccurrence]:
    if not shown:
        return {}
    spans = WindowOccurrence.objects.of(workspace_id).filter(
        window__in=[one.window_id for one in shown], ended_at=None, ends_at__gt=now
    )
    of: dict[int, list[WindowOccurrence]] = defaultdict(list)
    for span in spans.order_by("starts_at"):
        of[span.window_id].append(span)
    return {(one.pk, span.starts_at): span for one in shown for span in _next(of[one.window_id], now)}


def _next(spans: Sequence[WindowOccurrence], now: datetime) -> list[WindowOccurrence]:
    """Running occurrences and the next one."""
    coming = next((span for span in spans if span.starts_at > now), None)
    return [span for span in spans if span.starts_at <= now] + ([coming] if coming else [])


def _keep(
    one: PublicWindow,
    spans: Iterable[WindowOccurrence],
    known: Mapping[tuple[int | None, datetime], Maintenance],
) -> None:
    for span in spans:
        row = known.get((one.pk, span.starts_at)) or Maintenance(
            workspace_id=one.workspace_id, page_id=one.page_id, public_id=new_public_id(),
            shown_window=one, starts_at=span.starts_at, created_by=CREATED_BY,
        )  # fmt: skip
        if row.pk is None or (row.title, row.ends_at) != (one.public_title, span.ends_at):
            row.title, row.ends_at = one.public_title, span.ends_at
            row.save()
        row.components.set(one.components.all())
