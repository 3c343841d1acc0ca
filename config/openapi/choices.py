"""Values of API fields with a fixed set, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from accounts.models import Role
from bundles.records.models import BundleStatus
from detection.rules.models import GroupBy
from detection.webhooks.format import webhook_formats
from incidents.handoff.models import RoleOffer
from incidents.sla.models import SlaClock
from incidents.vocabulary import IncidentType, ResponseRole, Severity
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.deliveries.models import Delivery
from notifications.escalation.models import Escalation
from postmortems.action_items.models import ItemKind, ItemStatus
from postmortems.documents.models import Revision
from postmortems.documents.models import Status as PostmortemStatus
from postmortems.learning.models import Priority
from warroom.rooms.models import Room

# "Schema.field" -> its values. Input fields only if they accept no others.
CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "AnnouncedOut.status": BundleStatus.values,
    "BundleOut.status": BundleStatus.values,
    "BundleDetailOut.status": BundleStatus.values,
    "ChannelOut.state": Channel.State.values,
    "ChannelCreatedOut.state": Channel.State.values,
    "ChannelOut.kind": CHANNEL_KINDS.names(),
    "ChannelCreatedOut.kind": CHANNEL_KINDS.names(),
    "ChannelIn.kind": CHANNEL_KINDS.names(),
    "SourceIn.kind": webhook_formats().names(),
    "DeliveryOut.outcome": Delivery.Outcome.values,
    "DeliveryDetailOut.outcome": Delivery.Outcome.values,
    "EscalationOut.phase": Escalation.Phase.values,
    "RoomOut.state": Room.State.values,
    "OfferOut.role": ResponseRole.values,
    "OfferOut.answer": RoleOffer.Answer.values,
    "FiguresOut.kind": SlaClock.Kind.values,
    "ReportOut.period": ("day", "week", "month"),
    "RuleOut.severity": Severity.values,
    "RuleOut.incident_type": IncidentType.values,
    "RuleOut.group_by": GroupBy.values,
    "BurstOut.severity": Severity.values,
    "ActionItemOut.status": ItemStatus.values,
    "ActionItemOut.kind": ItemKind.values,
    "ActionItemOut.priority": Priority.values,
    "LessonOut.priority": Priority.values,
    "PostmortemOut.status": PostmortemStatus.values,
    "PostmortemRow.status": PostmortemStatus.values,
    "PostmortemOut.severity": Severity.values,
    "PostmortemRow.severity": Severity.values,
    "RevisionOut.reason": Revision.Reason.values,
    "MeOut.role": Role.values,
}


def add_choices(document: Mapping[str, Any]) -> None:
    """Add the values of each field of the table. Raises KeyError for a field that the API does not have."""
    schemas = document["components"]["schemas"]
    for place, words in CHOICES.items():
        schema, field = place.split(".")
        inner = schemas[schema]["properties"][field]
        if inner.get("type") == "string":
            inner["enum"] = [str(word) for word in words]
