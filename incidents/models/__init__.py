"""Every model of the app, gathered where Django looks for them."""

from incidents.models.bulk import BulkAction, BulkStep
from incidents.models.component import AffectedComponent, Component
from incidents.models.evidence import IncidentEvidence
from incidents.models.incident import Incident, IncidentCounter, IncidentSignal
from incidents.models.role import RoleAssignment
from incidents.models.sla import SlaPolicy
from incidents.models.timeline import TimelineEntry

__all__ = [
    "AffectedComponent",
    "BulkAction",
    "BulkStep",
    "Component",
    "Incident",
    "IncidentCounter",
    "IncidentEvidence",
    "IncidentSignal",
    "RoleAssignment",
    "SlaPolicy",
    "TimelineEntry",
]
