"""Completes an upload: opens or updates an incident and plans the inspection."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from bundles.inspection.models import Inspection
from bundles.limits import UNREDACTED_STAYS
from bundles.queues import INSPECTION
from bundles.records.models import Bundle, BundleStatus
from bundles.records.publishing import publish_change
from bundles.records.selectors import own_bundle
from core.errors import Conflict, Unavailable
from core.queue.retry import PassingError
from core.queue.runner import nudge_queue
from core.storage.client import ObjectInfo, StorageError, bucket
from incidents.correlation.services.opening import declare_incident
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind, IncidentSource

LOST_AFTER: Final = timedelta(minutes=2)
AT_ONCE: Final = 50


def complete(actor: Actor, public_id: str) -> Bundle:
    """Record that the file was uploaded. Idempotent.

    Raises NotFound, Forbidden, Unavailable, Conflict if the file is missing or another one.
    """
    require(actor, Capability.BUNDLES_WRITE)
    bundle = own_bundle(actor, public_id)
    if bundle.status == BundleStatus.ANNOUNCED:
        try:
            info = bucket().info(bundle.storage_key)
        except StorageError as error:
            words = "The storage is not reachable. Nothing was changed; complete it again later."
            raise Unavailable(words, headers={"Retry-After": "5"}) from error
        _check_file(bundle, info)
        note_arrival(actor.workspace_id, bundle.pk)
    return own_bundle(actor, public_id)


def _check_file(bundle: Bundle, info: ObjectInfo | None) -> None:
    if info is None:
        raise Conflict("The bundle was not uploaded. Nothing was changed; upload it with its ticket.")
    if info.size != bundle.size or info.sha256 not in ("", bundle.sha256):
        raise Conflict("The uploaded file is not the announced one. Nothing was changed.")


def note_arrival(workspace_id: int, bundle_id: int) -> None:
    """Open an incident for an uploaded bundle, or add an entry to the given one. Idempotent."""
    with transaction.atomic():
        rows = Bundle.objects.of(workspace_id).select_for_update(no_key=True)
        bundle = rows.get(pk=bundle_id)
        if bundle.status != BundleStatus.ANNOUNCED:
            return
        sender = system_actor(workspace_id, bundle.uploaded_by_label)
        if bundle.incident is None:
            bundle.incident = declare_incident(
                sender,
                title=(bundle.summary or f"Diagnostic bundle {bundle.file_name}")[:200],
                source=IncidentSource.BUNDLE,
                request_key=f"bundle:{bundle.public_id}",
            )
        stays = UNREDACTED_STAYS if bundle.is_dangerous else timedelta(days=settings.BUNDLE_RETENTION_DAYS)
        now = timezone.now()
        bundle.status, bundle.received_at, bundle.expires_at = BundleStatus.UPLOADED, now, now + stays
        bundle.save(update_fields=["incident", "status", "received_at", "expires_at"])
        add_system_entry(
            sender,
            incident_id=bundle.incident.pk,
            kind=EntryKind.NOTE,
            message=f"Diagnostic bundle received: {bundle.summary or bundle.file_name}",
            once=f"bundle:{bundle.public_id}:received",
            bundle=str(bundle.public_id),
        )
        Inspection.objects.create(workspace_id=workspace_id, bundle=bundle)
        record(sender, action="bundle.receive", target=bundle, summary=f"Received bundle {bundle.file_name}")
        publish_change(bundle)
        nudge_queue(INSPECTION)


def complete_lost(now: datetime) -> int:
    """Complete uploads that the client did not complete. Returns how many."""
    rows = Bundle.across_workspaces.filter(status=BundleStatus.ANNOUNCED, announced_at__lt=now - LOST_AFTER)
    found = 0
    for bundle in rows.order_by(F("looked_at").asc(nulls_first=True), "id")[:AT_ONCE]:
        Bundle.objects.of(bundle.workspace_id).filter(pk=bundle.pk).update(looked_at=now)
        try:
            _check_file(bundle, bucket().info(bundle.storage_key))
        except Conflict:
            continue
        except PassingError:
            break
        note_arrival(bundle.workspace_id, bundle.pk)
        found += 1
    return found
