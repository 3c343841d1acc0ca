"""All models of incidents, for Django."""

from incidents.analysis.models import Analysis, IncidentEssence
from incidents.analytics.models import IncidentMeasure, PrecomputedFigures
from incidents.archive.models import IncidentArchive
from incidents.attachments.models import Attachment
from incidents.bulk.models import BulkAction, BulkStep
from incidents.components.models import AffectedComponent, Component
from incidents.drills.models import Drill, DrillParticipant
from incidents.evidence.models import IncidentEvidence
from incidents.explain.models import Decision
from incidents.handoff.models import RoleOffer
from incidents.lifecycle.models import Incident, IncidentCounter, IncidentSignal
from incidents.links.models import IncidentLink
from incidents.merging.models import DismissedProposal, Merge
from incidents.privacy.models import InvitedPerson
from incidents.recovery.models import AutoResolution, CriterionResult, IncidentVerdict
from incidents.roles.models import RoleAssignment
from incidents.sla.models import SlaClock, SlaPolicy
from incidents.stages.models import ChecklistItem, StageTemplate, StageVisit
from incidents.timeline.models import EntryAmendment, StoredUpdateTemplate, TimelineEntry

__all__ = [
    "AffectedComponent",
    "Analysis",
    "Attachment",
    "AutoResolution",
    "BulkAction",
    "BulkStep",
    "ChecklistItem",
    "Component",
    "CriterionResult",
    "Decision",
    "DismissedProposal",
    "Drill",
    "DrillParticipant",
    "EntryAmendment",
    "Incident",
    "IncidentArchive",
    "IncidentCounter",
    "IncidentEssence",
    "IncidentEvidence",
    "IncidentLink",
    "IncidentMeasure",
    "IncidentSignal",
    "IncidentVerdict",
    "InvitedPerson",
    "Merge",
    "PrecomputedFigures",
    "RoleAssignment",
    "RoleOffer",
    "SlaClock",
    "SlaPolicy",
    "StageTemplate",
    "StageVisit",
    "StoredUpdateTemplate",
    "TimelineEntry",
]
