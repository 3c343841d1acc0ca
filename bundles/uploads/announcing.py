"""Announces a bundle: record, quota, and the ticket for its upload."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Workspace
from accounts.permissions import Capability, require
from bundles.limits import MAX_BUNDLE_BYTES, MIN_BUNDLE_BYTES, TICKET_S
from bundles.plain_text import plain
from bundles.records.models import STORED, Bundle, BundleStatus
from bundles.uploads.bucket_check import ensure_once
from bundles.uploads.tickets import Permit, may_reach_storage, own_address, ticket
from core.errors import Conflict, TooLarge
from core.storage.client import StorageError, bucket, checksum
from incidents.models import Incident
from incidents.privacy.selectors import seen_as
from incidents.reference import parse_reference
from incidents.validation import invalid

REMOVED: Final = (BundleStatus.EXPIRED, BundleStatus.DELETED, BundleStatus.REJECTED)
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Announcement:
    """Description of a bundle, sent before the upload."""

    public_id: uuid.UUID
    size: int
    sha256: str
    file_name: str
    summary: str = ""
    incident: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Origin of a request. `direct`: whether the client may upload to the storage directly."""

    remote: str
    headers: dict[str, str]
    direct: bool = True


def announce(actor: Actor, announcement: Announcement) -> Bundle:
    """Create the record of a bundle, or return the existing one; with status `announced` until the upload.

    Raises Forbidden, Invalid, NotFound, TooLarge (quota), Conflict for another file with the same id.
    """
    require(actor, Capability.BUNDLES_WRITE)
    _check(announcement)
    incident = _incident(actor, announcement.incident) if announcement.incident else None
    with transaction.atomic():
        # The lock serializes the checks of quota and id.
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        found: Bundle | None = (
            Bundle.objects.of(actor.workspace_id).filter(public_id=announcement.public_id).first()
        )
        if found is None:
            _check_quota(actor.workspace_id, announcement.size)
            found = _new(actor, announcement, incident)
            found.save(force_insert=True)
        elif found.sha256 != announcement.sha256 or found.size != announcement.size:
            raise Conflict("There is another bundle with this id. Nothing was stored.")
        elif found.status == BundleStatus.ANNOUNCED:
            # Its next ticket is valid from now, so the time in which it may arrive begins again.
            found.announced_at = timezone.now()
            found.save(update_fields=["announced_at"])
        elif found.status == BundleStatus.EXPIRED and found.received_at is None:
            _check_quota(actor.workspace_id, announcement.size)
            found.status, found.announced_at, found.is_stored = BundleStatus.ANNOUNCED, timezone.now(), True
            found.save(update_fields=["status", "announced_at", "is_stored"])
        elif found.status in REMOVED:
            raise Conflict(
                f"This bundle already existed: {found.get_status_display().lower()}. {found.why}".strip()
            )
    return found


def ticket_for(bundle: Bundle, caller: Caller) -> dict[str, Any]:
    """Upload ticket of a bundle: to the storage if the caller can reach it, else to this server."""
    now, digest = timezone.now(), checksum(bundle.sha256)
    endpoint = settings.S3_PUBLIC_ENDPOINT_URL or settings.S3_ENDPOINT_URL
    if caller.direct and may_reach_storage(endpoint, caller.remote, caller.headers):
        # The upload may work even if the credentials may not inspect buckets.
        with contextlib.suppress(StorageError):
            ensure_once()
        try:
            url = bucket().presigned_once(bundle.storage_key, "application/zip", bundle.size, bundle.sha256)
        except StorageError:
            pass  # no key to sign with: use our own endpoint
        else:
            return ticket(url, bundle.size, digest, now)
    expires = int((now + timedelta(seconds=TICKET_S)).timestamp())
    permit = Permit(bundle.storage_key, bundle.size, bundle.sha256, expires)
    return ticket(own_address("", str(bundle.public_id), permit), bundle.size, digest, now)


def _check(announcement: Announcement) -> None:
    if announcement.size > MAX_BUNDLE_BYTES:
        raise TooLarge(f"A bundle may have at most {MAX_BUNDLE_BYTES:,} bytes. Nothing was stored.")
    if announcement.size < MIN_BUNDLE_BYTES:
        raise invalid("size", "minimum", "is too small for a bundle")
    if announcement.metadata.get("dangerous_mode") and not settings.BUNDLES_UNREDACTED:
        words = "must not be set: this server does not accept unredacted bundles (BUNDLES_UNREDACTED)"
        raise invalid("metadata.dangerous_mode", "allowed", words)


def _check_quota(workspace_id: int, size: int) -> None:
    rows = Bundle.objects.of(workspace_id).filter(status__in=STORED)
    used = rows.aggregate(total=Sum("size"))["total"] or 0
    if used + size > settings.BUNDLE_QUOTA_MB * MEGABYTE:
        raise TooLarge(
            f"The workspace stores {used // MEGABYTE:,} of {settings.BUNDLE_QUOTA_MB:,} MB of bundles. "
            "Nothing was stored; delete bundles or raise BUNDLE_QUOTA_MB."
        )


def _incident(actor: Actor, reference: str) -> Incident:
    number = parse_reference(reference)
    found: Incident | None = seen_as(actor.workspace_id, actor.viewer).filter(number=number).first()
    if found is None:
        raise invalid("incident", "known", "is not an incident of this workspace")
    return found


def _new(actor: Actor, announcement: Announcement, incident: Incident | None) -> Bundle:
    metadata = announcement.metadata
    return Bundle(
        workspace_id=actor.workspace_id,
        public_id=announcement.public_id,
        incident=incident,
        summary=plain(announcement.summary, 300),
        file_name=plain(announcement.file_name, 200) or "bundle.zip",
        size=announcement.size,
        sha256=announcement.sha256,
        storage_key=f"bundles/{actor.workspace_id}/{announcement.public_id}/{announcement.sha256[:16]}.zip",
        os=plain(metadata.get("os"), 40),
        arch=plain(metadata.get("arch"), 40),
        cli_version=plain(metadata.get("cli_version"), 40),
        is_dangerous=bool(metadata.get("dangerous_mode")),
        is_partial=bool(metadata.get("partial")),
        uploaded_by_id=actor.user_id,
        uploaded_by_label=actor.label[:150],
        token_id=actor.token_id,
        made_at=_time(metadata.get("created_at")),
    )


def _time(value: object) -> datetime:
    """Creation time by the host's clock; now if it is invalid or in the future."""
    now = timezone.now()
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return now
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return min(found, now)
