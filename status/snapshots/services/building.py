"""Renders a page into snapshots and plans messages to subscribers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from core.queue.items import reschedule
from status.pages.models import StatusPage
from status.publishing.services.drift import note_drift
from status.publishing.services.windows import follow_windows
from status.snapshots.models import PageBuild, Snapshot
from status.snapshots.reading import read_page
from status.snapshots.rendering import Form, render_forms
from status.snapshots.services.requests import MIN_BETWEEN_BUILDS
from status.snapshots.view import PageView
from status.subscriptions.services.announcing import announce

EVERY: Final = timedelta(seconds=60)


def build_due(workspace_id: int, *, build: PageBuild) -> None:
    """Render and store the page, and plan the next build: in a minute, at the next boundary, or at once."""
    now = timezone.now()
    wanted = PageBuild.objects.of(workspace_id).values_list("wanted", flat=True).get(pk=build.pk)
    with transaction.atomic():
        page = StatusPage.objects.of(workspace_id).get(pk=build.page_id)
        follow_windows(workspace_id, now=now)
        view = read_page(page, now)
        _store(page, render_forms(view, (bytes(page.logo), page.logo_type)))
        announce(workspace_id, view=view)
        held = PageBuild.objects.of(workspace_id).select_for_update().get(pk=build.pk)
        due = now + MIN_BETWEEN_BUILDS if held.wanted != wanted else _next(view, now)
        reschedule(build, due, version=held.version + 1, built=wanted, built_at=now)
    note_drift(workspace_id, now=now)


def _store(page: StatusPage, forms: dict[str, Form]) -> None:
    Snapshot.objects.of(page.workspace_id).filter(page=page).exclude(form__in=list(forms)).delete()
    rows = [
        Snapshot(
            workspace_id=page.workspace_id, page=page, form=name, content_type=one.content_type,
            etag=one.etag, body=one.body, compressed=one.compressed,
        )
        for name, one in forms.items()
    ]  # fmt: skip
    Snapshot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["page", "form"],
        update_fields=["content_type", "etag", "body", "compressed"],
    )


def _next(view: PageView, now: datetime) -> datetime:
    """Time of the next build: in a minute, or when the next maintenance starts or ends."""
    edges = [at for one in view.planned for at in (one.scheduled_for, one.scheduled_until) if at and at > now]
    return min([now + EVERY, *edges])
