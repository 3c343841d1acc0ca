"""Models of the status page, from its sub-domains."""

from __future__ import annotations

from status.pages.models import ComponentGroup, PublicComponent, StateSpan, StatusPage
from status.publishing.models import Maintenance, PublicIncident, PublicWindow
from status.snapshots.models import PageBuild, Snapshot
from status.subscriptions.models import Subscriber, SubscriberMessage

__all__ = [
    "ComponentGroup", "Maintenance", "PageBuild", "PublicComponent", "PublicIncident", "PublicWindow",
    "Snapshot", "StateSpan", "StatusPage", "Subscriber", "SubscriberMessage",
]  # fmt: skip
