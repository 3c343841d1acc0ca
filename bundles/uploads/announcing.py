"""Announcing a bundle: the record, the quota, and the ticket for its upload."""

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
    """What a client says of a bundle before it sends it."""

    public_id: uuid.UUID
    size: int
    sha256: str
    file_name: str
    summary: str = ""
    incident: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request came from. `direct`: whether the client can be sent to the storage itself."""

    remote: str
    headers: dict[str, str]
    direct: bool = True


def announce(actor: Actor, said: Announcement) -> Bundle:
    """The record of an announced bundle, new or known; `announced` still waits for its file.

    Raises Forbidden, Invalid, NotFound, TooLarge over the quota, Conflict for another file of the same id.
    """
    require(actor, Capability.BUNDLES_WRITE)
    _check(said)
    incident = _incident(actor, said.incident) if said.incident else None
    with transaction.atomic():
        # The lock makes the quota and the id true at the same time.
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        found: Bundle | None = Bundle.objects.of(actor.workspace_id).filter(public_id=said.public_id).first()
        if found is None:
            _check_quota(actor.workspace_id, said.size)
            found = _new(actor, said, incident)
            found.save(force_insert=True)
        elif found.sha256 != said.sha256 or found.size != said.size:
            raise Conflict("There is another bundle of this id. Nothing was stored.")
        elif found.status == BundleStatus.EXPIRED and found.received_at is None:
            _check_quota(actor.workspace_id, said.size)
            found.status, found.announced_at, found.is_stored = BundleStatus.ANNOUNCED, timezone.now(), True
            found.save(update_fields=["status", "announced_at", "is_stored"])
        elif found.status in REMOVED:
            raise Conflict(f"This bundle was here: {found.get_status_display().lower()}. {found.why}".strip())
    return found


def ticket_for(bundle: Bundle, caller: Caller) -> dict[str, Any]:
    """Where the file of an announced bundle goes: the storage where the caller reaches it, else ourselves."""
    now, digest = timezone.now(), checksum(bundle.sha256)
    endpoint = settings.S3_PUBLIC_ENDPOINT_URL or settings.S3_ENDPOINT_URL
    if caller.direct and may_reach_storage(endpoint, caller.remote, caller.headers):
        # A storage that does not let its buckets be looked at may take the upload all the same.
        with contextlib.suppress(StorageError):
            ensure_once()
        try:
            url = bucket().presigned_once(bundle.storage_key, "application/zip", bundle.size, bundle.sha256)
        except StorageError:
            pass  # no key to sign with here: our own endpoint does without
        else:
            return ticket(url, bundle.size, digest, now)
    expires = int((now + timedelta(seconds=TICKET_S)).timestamp())
    permit = Permit(bundle.storage_key, bundle.size, bundle.sha256, expires)
    return ticket(own_address("", str(bundle.public_id), permit), bundle.size, digest, now)


def _check(said: Announcement) -> None:
    if said.size > MAX_BUNDLE_BYTES:
        raise TooLarge(f"A bundle may have at most {MAX_BUNDLE_BYTES:,} bytes. Nothing was stored.")
    if said.size < MIN_BUNDLE_BYTES:
        raise invalid("size", "minimum", "is too small for a bundle")
    if said.metadata.get("dangerous_mode") and not settings.BUNDLES_UNREDACTED:
        words = "must not be set: this server takes no bundles without redaction (BUNDLES_UNREDACTED)"
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
        raise invalid("incident", "known", "names no incident of this workspace")
    return found


def _new(actor: Actor, said: Announcement, incident: Incident | None) -> Bundle:
    told = said.metadata
    return Bundle(
        workspace_id=actor.workspace_id,
        public_id=said.public_id,
        incident=incident,
        summary=plain(said.summary, 300),
        file_name=plain(said.file_name, 200) or "bundle.zip",
        size=said.size,
        sha256=said.sha256,
        storage_key=f"bundles/{actor.workspace_id}/{said.public_id}/{said.sha256[:16]}.zip",
        os=plain(told.get("os"), 40),
        arch=plain(told.get("arch"), 40),
        cli_version=plain(told.get("cli_version"), 40),
        is_dangerous=bool(told.get("dangerous_mode")),
        is_partial=bool(told.get("partial")),
        uploaded_by_id=actor.user_id,
        uploaded_by_label=actor.label[:150],
        token_id=actor.token_id,
        made_at=_time(told.get("created_at")),
    )


def _time(value: object) -> datetime:
    """When it was made, by the clock of its host; now where that is unreadable or in the future."""
    now = timezone.now()
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return now
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return min(found, now)
