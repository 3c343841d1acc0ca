"""Schemas of the status page API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import ConfigDict, Field


class Strict(Schema):
    """Base of request bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PageIn(Strict):
    """Fields of the page; omitted fields stay as they are."""

    title: str | None = Field(None, max_length=120)
    slug: str | None = Field(None, max_length=60, description="The page is served at `/status/<slug>`.")
    description: str | None = Field(None, max_length=500)
    color: str | None = Field(None, max_length=7, description="Such as `#3a50c8`.")
    time_zone: str | None = Field(None, max_length=64, description="Time zone of the daily bars.")
    access: str | None = Field(None, max_length=8, description="`public` or `domains`.")
    domains: list[str] | None = Field(None, max_length=50)
    auto_publish: str | None = Field(None, max_length=6, description="`never`, `sev1`, or `sev2` for both.")
    is_enabled: bool | None = None


class PageOut(Schema):
    """The status page of the workspace."""

    title: str
    slug: str
    url: str
    description: str
    color: str
    time_zone: str
    access: str
    domains: list[str]
    auto_publish: str
    is_enabled: bool


class ShownComponentIn(Strict):
    """A component of the page; omitted fields stay as they are."""

    name: str | None = Field(None, max_length=120)
    description: str | None = Field(None, max_length=300)
    group: str | None = Field(None, max_length=80)
    component: str | None = Field(None, max_length=200, description="Its name in the catalogue; not public.")
    follows: str | None = Field(None, max_length=10, description="`published`, `incidents` or `manual`.")
    manual_state: str | None = Field(None, max_length=20, description="Empty: it follows incidents.")
    position: int | None = Field(None, ge=0, le=10_000)


class StateIn(Strict):
    """A manual state."""

    state: str = Field(max_length=20, description="Empty: it follows incidents again.")


class ShownComponentOut(Schema):
    """A component of the page."""

    id: str
    name: str
    description: str
    group: str
    component: str
    follows: str
    manual_state: str
    position: int


class MaintenanceIn(Strict):
    """Scheduled maintenance."""

    title: str = Field(max_length=120)
    description: str = Field("", max_length=5000)
    starts_at: datetime
    ends_at: datetime
    components: list[str] = Field(default_factory=list, max_length=200, description="Ids of components.")
    confirmed: bool = Field(False, description="Publish although it looks sensitive.")


class MaintenanceOut(Schema):
    """Scheduled maintenance."""

    id: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    components: list[str]


class PublishIn(Strict):
    """Publication of an incident."""

    title: str = Field("", max_length=120, description="Empty: generated from public component names.")
    confirmed: bool = Field(False, description="Publish although the title looks sensitive.")


class PublishedOut(Schema):
    """A published incident."""

    id: str
    title: str
    published_at: datetime
    published_by: str
    url: str


class PublicUpdateIn(Strict):
    """A public update."""

    message: str = Field(max_length=20_000)
    confirmed: bool = Field(
        False, description="Publish although it looks sensitive; secrets are always refused."
    )


class WarningOut(Schema):
    """A discrepancy between the page and an incident."""

    kind: str
    message: str
    incident: str
    entry_id: int | None


class SubscriberOut(Schema):
    """A subscriber of the page."""

    id: str
    kind: str = Field(description="`Email` or `Webhook`.")
    address: str = Field(description="Email address, or URL of the webhook.")
    state: str
    confirmed_at: datetime | None
    all_components: bool = Field(
        description="Whether it gets updates on all components, also on those added later."
    )
    components: list[str] = Field(
        description="Names of the chosen components that are still on the page; empty with `all_components`."
    )


class PublicWindowIn(Strict):
    """Publication of a maintenance window."""

    title: str = Field(max_length=120, description="Public title of its occurrences.")
    components: list[str] = Field(default_factory=list, max_length=200, description="Ids of components.")
    confirmed: bool = Field(False, description="Publish although it looks sensitive.")


class PublicWindowOut(Schema):
    """A maintenance window and its publication."""

    window_id: int
    name: str
    next_starts_at: datetime | None = Field(description="Next occurrence; null: none within 60 days.")
    title: str = Field(description="Public title; empty: not published.")
    components: list[str] = Field(description="Ids of components on the page.")
