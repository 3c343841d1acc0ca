"""Request and response bodies of the status page's API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import ConfigDict, Field


class Strict(Schema):
    """A body in which unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PageIn(Strict):
    """Fields of the page; what is left out stays."""

    title: str | None = Field(None, max_length=120)
    slug: str | None = Field(None, max_length=60, description="The page is served at `/status/<slug>`.")
    description: str | None = Field(None, max_length=500)
    color: str | None = Field(None, max_length=7, description="Such as `#3a50c8`.")
    time_zone: str | None = Field(None, max_length=64, description="Of the daily bars.")
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
    """A component of the page; what is left out stays."""

    name: str | None = Field(None, max_length=120)
    description: str | None = Field(None, max_length=300)
    group: str | None = Field(None, max_length=80)
    component: str | None = Field(None, max_length=200, description="Its name in the catalogue; not public.")
    follows: str | None = Field(None, max_length=10, description="`published`, `incidents` or `manual`.")
    manual_state: str | None = Field(None, max_length=20, description="Empty: it follows incidents.")
    position: int | None = Field(None, ge=0, le=10_000)


class StateIn(Strict):
    """A state set by hand."""

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
    """Scheduled work."""

    title: str = Field(max_length=120)
    description: str = Field("", max_length=5000)
    starts_at: datetime
    ends_at: datetime
    components: list[str] = Field(default_factory=list, max_length=200, description="Ids of components.")
    confirmed: bool = Field(False, description="Publish although it looks sensitive.")


class MaintenanceOut(Schema):
    """Scheduled work."""

    id: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    components: list[str]


class PublishIn(Strict):
    """How an incident is published."""

    title: str = Field("", max_length=120, description="Empty: a plain title from the names on the page.")
    confirmed: bool = Field(False, description="Publish although the title looks sensitive.")


class PublishedOut(Schema):
    """An incident on the page."""

    id: str
    title: str
    published_at: datetime
    published_by: str
    url: str


class PublicUpdateIn(Strict):
    """A public update."""

    message: str = Field(max_length=20_000)
    confirmed: bool = Field(False, description="Publish although it looks sensitive; a secret never passes.")


class WarningOut(Schema):
    """A disagreement between the page and the inside."""

    kind: str
    message: str
    incident: str
    entry_id: int | None


class SubscriberOut(Schema):
    """A subscriber of the page."""

    id: str
    kind: str = Field(description="`Email` or `Webhook`.")
    address: str = Field(description="Email address, or address of the webhook.")
    state: str
    confirmed_at: datetime | None
    components: list[str] = Field(description="Names of the chosen components; empty: all.")


class PublicWindowIn(Strict):
    """How a maintenance window is shown."""

    title: str = Field(max_length=120, description="Public title of its occurrences.")
    components: list[str] = Field(default_factory=list, max_length=200, description="Ids of components.")
    confirmed: bool = Field(False, description="Publish although it looks sensitive.")


class PublicWindowOut(Schema):
    """A maintenance window, and how the page shows it."""

    window_id: int
    name: str
    next_starts_at: datetime | None = Field(description="When it occurs next; null: not in 60 days.")
    title: str = Field(description="Public title; empty: the page does not show it.")
    components: list[str] = Field(description="Ids of components on the page.")
