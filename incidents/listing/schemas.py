"""Query parameters of the incident list API."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict, Field


class Conditions(Schema):
    """All given conditions must hold; several values of one are separated by commas."""

    model_config = ConfigDict(extra="ignore")

    status: str = Field("", description="`active`, a status, or a stage word (`containing`).", max_length=400)
    severity: str = Field("", description="`sev1` … `sev4`, or critical, high, medium, low.", max_length=400)
    type: str = Field("", description="`error_burst` … (also `incident_type`).", max_length=1000)
    stage: str = Field("", max_length=400)
    component: str = Field("", description="Affected component (also `service`).", max_length=1000)
    assigned_to: str = Field("", description="The commander's user name, or `none`.", max_length=200)
    since: str = Field("", description="`15m`, `1h`, `7d` or a time in ISO 8601.", max_length=60)
    until: str = Field("", max_length=60)
    resolved_since: str = Field("", description="Resolved then or later, as `since`.", max_length=60)
    acknowledged: str = Field("", description="`yes` or `no`.", max_length=3)
    sla: str = Field("", description="`missed`: open and past the next deadline.", max_length=10)
    label: str = Field("", description="`name=value`", max_length=1000)
    project: str = Field("", description="The label `project` (also `projectId`).", max_length=200)
    search: str = Field("", description="Part of the title or a component's name (also `q`).", max_length=200)
