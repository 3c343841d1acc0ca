"""Models of the app, imported for Django."""

from notifications.channels.models import Channel
from notifications.contacts.models import ContactMethod, QuietHours
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.escalation.models import Escalation, EscalationPolicy, EscalationStep
from notifications.routes.models import Route
from notifications.silences.models import (
    InhibitionReview,
    MaintenanceWindow,
    Release,
    Silence,
    WindowOccurrence,
)

__all__ = [
    "Channel",
    "ContactMethod",
    "Delivery",
    "DeliveryAttempt",
    "Escalation",
    "EscalationPolicy",
    "EscalationStep",
    "InhibitionReview",
    "MaintenanceWindow",
    "QuietHours",
    "Release",
    "Route",
    "Silence",
    "WindowOccurrence",
]
