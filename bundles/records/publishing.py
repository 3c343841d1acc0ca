"""Publishes changes of bundles."""

from __future__ import annotations

from bundles.events import BundleChanged
from bundles.records.models import Bundle
from core.outbox.events import publish


def publish_change(bundle: Bundle) -> None:
    """Publish a change, in its transaction."""
    number = bundle.incident.number if bundle.incident else 0
    publish(BundleChanged(bundle.workspace_id, bundle.pk, str(bundle.public_id), str(bundle.status), number))
