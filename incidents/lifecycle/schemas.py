"""Schemas of the incident API. Input accepts aliases, output uses canonical words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import AliasChoices, BeforeValidator, Field

from incidents.analysis.schemas import AnalysisOut, SimilarOut
from incidents.timeline.schemas import Body, EntryOut
from incidents.validation import (
    LABELS,
    MAX_COUNT,
    MAX_METADATA,
    MAX_SIGNALS,
    NAME_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
)
from incidents.vocabulary import (
    SEVERITY_ALIASES,
    STAGE_ALIASES,
    STATUS_ALIASES,
    TYPE_ALIASES,
    Impact,
    IncidentType,
    ResponseRole,
    Severity,
    Stage,
    Status,
)

MAX_VERSION: Final = 2**31 - 1
_PUBLIC: Final = AliasChoices("public", "is_public", "isPublic")
_ROOT_CAUSE: Final = AliasChoices("root_cause", "rootCause")


def _words(canonical: Any, aliases: Any = ()) -> dict[str, Any]:
    return {"enum": [*(str(word) for word in canonical), *aliases]}


def _listed(value: Any) -> Any:
    """Split a comma-separated list: `"api,worker"` -> `["api", "worker"]`."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Word = Annotated[str, Field(min_length=1, max_length=100)]
SeverityWord = Annotated[Word, Field(json_schema_extra=_words(Severity, SEVERITY_ALIASES))]
TypeWord = Annotated[Word, Field(json_schema_extra=_words(IncidentType, TYPE_ALIASES))]
StageWord = Annotated[Word, Field(json_schema_extra=_words(Stage, STAGE_ALIASES))]
ImpactWord = Annotated[Word, Field(json_schema_extra=_words(Impact))]
RoleWord = Annotated[Word, Field(json_schema_extra=_words(ResponseRole))]
StatusWord = Annotated[
    Word, Field(json_schema_extra=_words((*Status, *Stage), (*STATUS_ALIASES, *STAGE_ALIASES)))
]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Names = Annotated[list[Name], BeforeValidator(_listed), Field(max_length=200)]
Labels = Annotated[dict[str, Annotated[str, Field(max_length=NAME_LENGTH)]], Field(max_length=LABELS)]
Metadata = Annotated[
    dict[str, Any], Field(description=f"Any JSON object of at most {MAX_METADATA:,} bytes, stored as sent.")
]
Fingerprint = Annotated[str, Field(min_length=1, max_length=80, description="64 hexadecimal digits.")]
Signals = Annotated[list[Fingerprint], Field(max_length=MAX_SIGNALS)]
UsersImpacted = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Version = Annotated[int, Field(ge=1, le=MAX_VERSION, description="The version that was read.")]


class DeclareIn(Body):
    """A new incident. Only the title is required."""

    title: Title
    description: Text = ""
    impact: Text = ""
    severity: SeverityWord | None = Field(None, description="Default: from the severity matrix, by the type.")
    incident_type: TypeWord = Field(
        IncidentType.OTHER.value, validation_alias=AliasChoices("incident_type", "type")
    )
    components: Names = Field(
        [], validation_alias=AliasChoices("components", "affected_components", "service", "component")
    )
    status: StatusWord | None = None
    assigned_to: Name | None = Field(None, validation_alias=AliasChoices("assigned_to", "assignedTo"))
    labels: Labels = {}
    metadata: Metadata = {}
    signals: Signals = Field(
        [],
        validation_alias=AliasChoices("signals", "alertGroupIds", "alert_group_ids"),
        description="Fingerprints that belong to this incident: later findings with one of them join it. "
        "409 where an unresolved incident has one already.",
    )
    project: Name | None = Field(
        None, validation_alias=AliasChoices("project", "projectId", "project_id"), description="The label."
    )
    started_at: datetime | None = Field(
        None,
        validation_alias=AliasChoices("started_at", "declaredAt", "declared_at", "startedAt"),
        description="When the problem began, with a time zone; the default is now.",
    )
    detected_at: datetime | None = Field(
        None,
        validation_alias=AliasChoices("detected_at", "detectedAt"),
        description="When it was noticed, with a time zone, at most seven days ago; the default is now. "
        "Targets count from it.",
    )
    is_drill: bool = False
    is_private: bool = Field(
        False,
        validation_alias=AliasChoices("is_private", "private"),
        description="Visible only to who declares it, role holders, invited people and admins.",
    )


class PatchIn(Body):
    """Changes of an incident, all or nothing. `notes` adds a note, `message` goes with the status."""

    title: Title | None = None
    description: Text | None = None
    severity: SeverityWord | None = None
    incident_type: TypeWord | None = Field(None, validation_alias=AliasChoices("incident_type", "type"))
    status: StatusWord | None = None
    stage: StageWord | None = None
    assigned_to: Name | None = Field(
        None,
        validation_alias=AliasChoices("assigned_to", "assignedTo", "assignee"),
        description="null: unassigned",
    )
    impact: Text | None = None
    root_cause: Text | None = Field(None, validation_alias=_ROOT_CAUSE)
    labels: Labels | None = None
    metadata: Metadata | None = Field(None, description="Replaces the whole object.")
    users_impacted: UsersImpacted | None = Field(
        None,
        validation_alias=AliasChoices("users_impacted", "usersImpacted"),
        description="How many people the incident affects; null: unknown.",
    )
    notes: Text | None = Field(None, validation_alias=AliasChoices("notes", "note"))
    message: Text | None = None
    is_private: bool | None = Field(None, validation_alias=AliasChoices("is_private", "private"))
    public: bool | None = Field(None, validation_alias=_PUBLIC)
    version: Version | None = None


class StatusIn(Body):
    """A change of status. `public` marks the message as one for external stakeholders."""

    status: StatusWord
    message: Text = Field("", validation_alias=AliasChoices("message", "notes"))
    public: bool | None = Field(None, validation_alias=_PUBLIC)
    version: Version | None = None


class MoveIn(Body):
    """Optional fields for acknowledging, closing or reopening."""

    message: Text = Field("", validation_alias=AliasChoices("message", "notes", "note"))
    public: bool | None = Field(None, validation_alias=_PUBLIC)
    version: Version | None = None


class ResolveIn(MoveIn):
    """Optional fields for resolving."""

    root_cause: Text | None = Field(None, validation_alias=_ROOT_CAUSE)
    restore_components: bool = Field(True, description="false: every affected component stays affected.")
    keep_affected: Names = Field([], description="Components that are not restored.")


class AssignIn(Body):
    """Holder of the role; null or missing: unassign."""

    username: Name | None = Field(
        None,
        validation_alias=AliasChoices("username", "assigned_to", "assignee", "user", "userId", "user_id"),
    )
    role: RoleWord = ResponseRole.COMMANDER.value
    version: Version | None = None


class ImpactIn(Body):
    """Impact on a component."""

    impact: ImpactWord = Impact.DEGRADED.value
    version: Version | None = None


class IncidentOut(Schema):
    """One incident. `id` is its number in the workspace; mttd, mtta, mttr are seconds, null until known."""

    id: int
    number: int
    incident_id: str = Field(description="`INC-42`")
    reference: str
    service: str | None = Field(description="The first affected component.")
    title: str
    description: str
    severity: Severity
    incident_type: IncidentType
    category: str
    status: Status
    stage: Stage
    event_count: int
    affected_components: list[str]
    assigned_to: str | None = Field(description="The commander's user name.")
    acknowledged_by: str | None = Field(
        None,
        description="Who acknowledged: a person, or, with no acknowledged_at, a machine; null: nothing has.",
    )
    started_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    last_event_at: datetime | None
    acknowledge_due_at: datetime | None
    update_due_at: datetime | None
    resolve_due_at: datetime | None
    sla_breached: bool = Field(description="Whether an SLA target was missed, at any time.")
    mttd: float
    mtta: float | None
    mttr: float | None
    impact: str
    root_cause: str
    users_impacted: int | None = Field(description="People affected, as entered; null: unknown.")
    labels: dict[str, Any]
    metadata: dict[str, Any]
    project: str | None
    is_drill: bool
    is_private: bool = Field(False, description="Only people invited to it, role holders and admins see it.")
    source: str
    version: int
    url: str


class ComponentImpactOut(Schema):
    """One affected component."""

    component: str
    impact: Impact
    restored_at: datetime | None = Field(None, description="Since when it works again; null: still affected.")


class RoleOut(Schema):
    """One person holding one role; `ended_at` null: current."""

    role: ResponseRole
    username: str
    assigned_at: datetime
    ended_at: datetime | None = None


class SignalOut(Schema):
    """A fingerprint tied to the incident by detection or its reporter: later findings with it join."""

    fingerprint: str
    reporter: str = Field(description="`rule:error_burst`, `source:…`, or `declared`.")
    first_at: datetime
    last_at: datetime


class IncidentDetailOut(IncidentOut):
    """One incident with the first page of its timeline, its components, role holders and analysis."""

    timeline: list[EntryOut]
    components: list[ComponentImpactOut]
    roles: list[RoleOut]
    signals: list[SignalOut] = Field(description="The newest 50.")
    analysis: AnalysisOut | None = Field(description="null: not written yet.")
    similar_incidents: list[SimilarOut]
