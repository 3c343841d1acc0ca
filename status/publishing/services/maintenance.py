"""Schedules and cancels maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from status.pages.models import PublicComponent
from status.pages.selectors import page_of
from status.pages.validation import clean_note, new_public_id
from status.publishing.models import Maintenance
from status.publishing.selectors import maintenance_named
from status.publishing.services.incidents import refuse_sensitive
from status.snapshots.services.requests import request_build

MAX_LENGTH: Final = timedelta(days=31)
MAX_AHEAD: Final = timedelta(days=366)
MAX_TEXT: Final = 5000


def schedule_maintenance(
    actor: Actor,
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    description: str = "",
    components: Sequence[str] = (),
    confirmed: bool = False,
) -> Maintenance:
    """Schedule maintenance on the page. `components`: public ids. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    page = page_of(actor)
    _check_times(starts_at, ends_at)
    text = clean_note("description", description, MAX_TEXT)
    name = clean_name(title, field="title")
    refuse_sensitive(actor, "title", name, confirmed=confirmed)
    refuse_sensitive(actor, "description", text, confirmed=confirmed)
    chosen = chosen_components(actor, components)
    with transaction.atomic():
        made: Maintenance = Maintenance.objects.create(
            workspace_id=actor.workspace_id, page=page, public_id=new_public_id(), title=name,
            description=text, starts_at=starts_at, ends_at=ends_at, created_by=actor.label[:150],
        )  # fmt: skip
        made.components.set(chosen)
        record(actor, action="status_maintenance.schedule", target=made, summary=f"Maintenance: {name}")
        request_build(actor.workspace_id)
    return made


def cancel_maintenance(actor: Actor, *, public_id: str) -> None:
    """End it early, or cancel it. Idempotent. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    found = maintenance_named(actor, public_id)
    if found.cancelled_at is not None or found.ends_at <= timezone.now():
        return
    with transaction.atomic():
        found.cancelled_at = timezone.now()
        found.save(update_fields=["cancelled_at"])
        record(
            actor,
            action="status_maintenance.cancel",
            target=found,
            summary=f"Maintenance ended: {found.title}",
        )
        request_build(actor.workspace_id)


def chosen_components(actor: Actor, public_ids: Sequence[str]) -> list[PublicComponent]:
    """The components of these public ids. Raises Invalid (field `components`)."""
    found = list(PublicComponent.objects.of(actor.workspace_id).filter(public_id__in=list(public_ids)))
    if len(found) != len(set(public_ids)):
        raise invalid("components", "known", "must be ids of components on the status page")
    return found


def _check_times(starts_at: datetime, ends_at: datetime) -> None:
    now = timezone.now()
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise invalid("starts_at", "time_zone", "must have a time zone")
    if not timedelta(0) < ends_at - starts_at <= MAX_LENGTH:
        raise invalid("ends_at", "range", "must be after the start, by at most 31 days")
    if ends_at <= now or starts_at > now + MAX_AHEAD:
        raise invalid("starts_at", "range", "must end in the future and begin within a year")
