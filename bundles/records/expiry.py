"""Expires bundles, and deletes files of removed ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from bundles.limits import ARRIVES_WITHIN, TICKET_S
from bundles.records.models import Bundle, BundleStatus
from core.storage.client import bucket
from incidents.vocabulary import UNRESOLVED

AT_ONCE: Final = 500
_TICKETS_END: Final = timedelta(seconds=2 * TICKET_S)
_REMOVED: Final = (BundleStatus.REJECTED, BundleStatus.EXPIRED, BundleStatus.DELETED)


def expire_due(now: datetime) -> int:
    """Expire bundles past retention, and announced ones that never arrived. Returns how many.

    A redacted bundle is retained while its incident is unresolved.
    """
    due = Q(status__in=(BundleStatus.READY, BundleStatus.QUARANTINED), expires_at__lte=now)
    pinned = Q(incident__status__in=UNRESOLVED, is_dangerous=False)
    never_uploaded = Q(status=BundleStatus.ANNOUNCED, announced_at__lte=now - ARRIVES_WITHIN)
    rows = Bundle.across_workspaces.filter((due & ~pinned) | never_uploaded)
    ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    # Still due: it may have been announced again meanwhile.
    return rows.filter(pk__in=ids).update(status=BundleStatus.EXPIRED)


def purge_removed(now: datetime) -> int:
    """Delete the files of removed bundles from the storage. Raises StorageError; resumes when run again.

    The deletion is repeated while the upload ticket is valid.
    """
    rows = Bundle.across_workspaces.filter(is_stored=True, status__in=_REMOVED).order_by("id")
    done = 0
    for bundle in rows[:AT_ONCE]:
        bucket().delete(bundle.storage_key)
        if bundle.announced_at < now - _TICKETS_END:
            same = Bundle.objects.of(bundle.workspace_id).filter(pk=bundle.pk, status__in=_REMOVED)
            same.update(is_stored=False)
        done += 1
    return done
