"""Schemas of the component API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from ninja import Schema
from pydantic import AliasChoices, ConfigDict, Field

from incidents.components.filters import TIERS
from incidents.components.services.editing import MAX_NEEDS
from incidents.lifecycle.schemas import Name, Names, Text, Version
from incidents.overview.health import Standing
from incidents.timeline.schemas import Body
from incidents.validation import URL_LENGTH

Tier = Annotated[int, Field(ge=TIERS[0], le=TIERS[-1], description="1 is the most important.")]
Url = Annotated[str, Field(max_length=URL_LENGTH, description="http or https; empty: none.")]
Needs = Annotated[Names, Field(max_length=MAX_NEEDS, description="Names of components; all of them.")]
ScheduleId = Annotated[
    int | None, Field(ge=0, le=2**62, description="Its on-call schedule; null: the default of the workspace.")
]
_NEEDS: Final = AliasChoices("depends_on", "dependsOn")
_URL: Final = AliasChoices("runbook_url", "runbook", "runbookUrl")


class ComponentIn(Body):
    """A new component. Only the name is required: exactly what events name in `source` or `service`."""

    name: Name
    description: Text = ""
    owner: Name | None = Field(None, description="A member's user name; null: no owner.")
    tier: Tier = 3
    runbook_url: Url = Field("", validation_alias=_URL)
    health_url: Url = Field("", description="URL checked while an incident recovers; 2xx is healthy.")
    schedule_id: ScheduleId = None
    depends_on: Needs = Field([], validation_alias=_NEEDS)


class ComponentPatchIn(Body):
    """Changes of a component, all or nothing. The name cannot be changed, since events refer to it."""

    description: Text | None = None
    owner: str | None = Field(None, max_length=200, description="A member's user name; null: no owner.")
    tier: Tier | None = None
    runbook_url: Url | None = Field(None, validation_alias=_URL)
    health_url: Url | None = Field(
        None, description="URL checked while an incident recovers; 2xx is healthy."
    )
    schedule_id: ScheduleId = None
    depends_on: Needs | None = Field(None, validation_alias=_NEEDS)
    archived: bool | None = None
    version: Version | None = None


class ComponentQuery(Schema):
    """All given conditions must hold."""

    model_config = ConfigDict(extra="ignore")

    search: str = Field("", max_length=200, description="Part of the name.")
    health: str = Field("", max_length=20, description="healthy, warning, degraded or down.")
    tier: str = Field("", max_length=2, description="1 to 5.")
    archived: str = Field("", max_length=3, description="`yes`: only archived ones.")
    limit: int = Field(200, ge=1, le=200)
    cursor: str = Field("", max_length=1200, description="From the Link header of the previous page.")


class ComponentOut(Schema):
    """A component of the catalogue. `health` is a percentage, `standing` its name."""

    id: int
    name: str
    description: str
    owner: str | None = Field(description="A user name.")
    tier: int
    schedule_id: int | None
    runbook_url: str
    health_url: str
    archived_at: datetime | None
    health: int
    standing: Standing
    open_incidents: int
    last_event_at: datetime | None = Field(
        description="Of the newest event that counted towards an incident of it."
    )
    version: int
    url: str


class ComponentDetailOut(ComponentOut):
    """One component with its neighbours, by name."""

    depends_on: list[str]
    needed_by: list[str]
