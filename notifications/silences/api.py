"""The API of silences and maintenance windows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.schemas import Body, Moment
from accounts.tokens.api_authentication import actor_in
from core.errors import FieldFault, Invalid
from core.http.link_pagination import known_only
from notifications.silences.matching import Matcher
from notifications.silences.selectors import (
    ShownSilence,
    ShownWindow,
    shown_silence,
    shown_window,
    silence_for,
    silences_of,
    window_for,
    windows_of,
)
from notifications.silences.services.silences import (
    SilenceValues,
    create_silence,
    end_silence,
    update_silence,
)
from notifications.silences.services.windows import WindowValues, delete_window, save_window

silences_router = Router(tags=["Silences"])
windows_router = Router(tags=["Silences"])
ID = Field(ge=1, le=2**63 - 1)


class SilencePath(Schema):
    """A silence by id."""

    silence_id: int = ID


class WindowPath(Schema):
    """A maintenance window by id."""

    window_id: int = ID


class SilencesQuery(Schema):
    """Which silences are listed."""

    ended: bool = Field(False, description="List ended silences instead of active ones.")


class MatcherIn(Body):
    """A condition. Fields: severity, type, component, title, incident, label.<name>; `~` accepts `*`."""

    field: Annotated[str, Field(max_length=120)]
    op: Literal["=", "!=", "~"] = "="
    value: Annotated[str, Field(max_length=200)]


class SilenceIn(Body):
    """A silence. Ends at `ends_at`, when all matches are resolved, or when nothing matched for `idle_s`."""

    matchers: Annotated[list[MatcherIn], Field(max_length=20)]
    reason: Annotated[str, Field(max_length=500)]
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    until_resolved: bool = False
    idle_s: Annotated[int, Field(ge=0, le=2_592_000)] | None = None
    includes_sev1: Annotated[bool, Field(description="Managers only.")] = False


class SilencePatch(Body):
    """Fields to change; omitted fields stay as they are."""

    matchers: Annotated[list[MatcherIn], Field(max_length=20)] | None = None
    reason: Annotated[str, Field(max_length=500)] | None = None
    ends_at: Moment | None = None
    until_resolved: bool | None = None
    idle_s: Annotated[int, Field(ge=0, le=2_592_000)] | None = None
    includes_sev1: Annotated[bool, Field(description="Managers only.")] | None = None


class SilenceOut(Schema):
    """A silence with the open incidents it covers; `flags` lists its problems."""

    id: int
    matchers: list[dict[str, str]]
    reason: str
    owner: str | None
    starts_at: datetime
    ends_at: datetime
    until_resolved: bool
    idle_s: int | None
    includes_sev1: bool
    last_matched_at: datetime | None
    match_count: int
    ended_at: datetime | None
    end_reason: str
    matches: list[int]
    flags: list[str]


class WindowIn(Body):
    """A maintenance window, in local time of `zone`; an empty rule means once."""

    name: Annotated[str, Field(max_length=120)]
    matchers: Annotated[list[MatcherIn], Field(max_length=20)]
    local_start: Annotated[str, Field(max_length=19, description="2027-03-28T02:00")]
    duration_s: Annotated[int, Field(ge=0, le=10**9)]
    zone: Annotated[str, Field(max_length=64, description="Europe/Berlin")]
    rule: Annotated[str, Field(max_length=200, description="FREQ=WEEKLY;BYDAY=SU")] = ""
    includes_sev1: Annotated[bool, Field(description="Managers only.")] = False


class SpanOut(Schema):
    """One occurrence."""

    starts_at: datetime
    ends_at: datetime


class WindowOut(Schema):
    """A window with its next occurrences."""

    id: int
    name: str
    matchers: list[dict[str, str]]
    local_start: str
    duration_s: int
    zone: str
    rule: str
    includes_sev1: bool
    occurrences: list[SpanOut]
    flags: list[str]


def _matchers(given: list[MatcherIn]) -> list[Matcher]:
    return [Matcher(one.field.strip(), one.op, one.value.strip()) for one in given]


def _silence(shown: ShownSilence) -> dict[str, Any]:
    one = shown.silence
    names = (
        "matchers", "reason", "starts_at", "ends_at", "until_resolved", "idle_s", "includes_sev1",
        "last_matched_at", "match_count", "ended_at", "end_reason",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names} | {
        "id": one.pk,
        "owner": one.owner.username if one.owner else None,
        "matches": [incident.number for incident in shown.incidents],
        "flags": list(shown.flags),
    }


def _window(shown: ShownWindow) -> dict[str, Any]:
    names = ("name", "matchers", "local_start", "duration_s", "zone", "rule", "includes_sev1")
    return {name: getattr(shown.window, name) for name in names} | {
        "id": shown.window.pk,
        "occurrences": list(shown.occurrences),
        "flags": list(shown.flags),
    }


def _window_values(body: WindowIn) -> WindowValues:
    try:
        start = datetime.fromisoformat(body.local_start)
    except ValueError as error:
        text = "must be a local time such as 2027-03-28T02:00"
        fault = FieldFault("local_start", "value", text)
        raise Invalid("The maintenance window was not saved.", faults=[fault]) from error
    data = body.model_dump(exclude={"matchers", "local_start"})
    return WindowValues(matchers=_matchers(body.matchers), local_start=start, **data)


@silences_router.get("", response=list[SilenceOut], summary="List silences")
def list_silences(request: HttpRequest, query: Query[SilencesQuery]) -> Any:
    """Active ones by their end, or those ended most recently."""
    known_only(request, ("ended",))
    return [_silence(one) for one in silences_of(actor_in(request), ended=query.ended)]


@silences_router.post("", response={201: SilenceOut}, summary="Silence matching incidents")
def create(request: HttpRequest, body: SilenceIn) -> Any:
    """Notifications are muted, detection continues; at the end, unresolved incidents are notified once."""
    actor = actor_in(request)
    values = SilenceValues(matchers=_matchers(body.matchers), **body.model_dump(exclude={"matchers"}))
    return Status(201, _silence(shown_silence(create_silence(actor, values))))


@silences_router.get("/{silence_id}", response=SilenceOut, summary="Show a silence")
def show(request: HttpRequest, where: Path[SilencePath]) -> Any:
    """With the open incidents it covers."""
    known_only(request, ())
    return _silence(shown_silence(silence_for(actor_in(request), where.silence_id)))


@silences_router.patch("/{silence_id}", response=SilenceOut, summary="Change a silence")
def change(request: HttpRequest, where: Path[SilencePath], body: SilencePatch) -> Any:
    """Only while active. Incidents that are no longer covered are notified once."""
    given = body.model_dump(exclude_unset=True, exclude={"matchers"})
    changes = {name: value for name, value in given.items() if value is not None or name == "idle_s"}
    if body.matchers is not None:
        changes["matchers"] = _matchers(body.matchers)
    return _silence(shown_silence(update_silence(actor_in(request), where.silence_id, **changes)))


@silences_router.post("/{silence_id}/end", response=SilenceOut, summary="End a silence")
def end(request: HttpRequest, where: Path[SilencePath]) -> Any:
    """Idempotent. Unresolved incidents are notified once."""
    return _silence(shown_silence(end_silence(actor_in(request), where.silence_id)))


@windows_router.get("", response=list[WindowOut], summary="List maintenance windows")
def list_windows(request: HttpRequest) -> Any:
    """Each with its next ten occurrences in the next 60 days."""
    known_only(request, ())
    return [_window(one) for one in windows_of(actor_in(request), now=timezone.now())]


@windows_router.post("", response={201: WindowOut}, summary="Create a maintenance window")
def create_window(request: HttpRequest, body: WindowIn) -> Any:
    """Rules: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT or UNTIL, BYDAY, BYMONTHDAY, …"""
    made = save_window(actor_in(request), _window_values(body))
    return Status(201, _window(shown_window(made, timezone.now())))


@windows_router.get("/{window_id}", response=WindowOut, summary="Show a maintenance window")
def show_window(request: HttpRequest, where: Path[WindowPath]) -> Any:
    """With its next ten occurrences."""
    known_only(request, ())
    return _window(shown_window(window_for(actor_in(request), where.window_id), timezone.now()))


@windows_router.put("/{window_id}", response=WindowOut, summary="Replace a maintenance window")
def replace_window(request: HttpRequest, where: Path[WindowPath], body: WindowIn) -> Any:
    """A running occurrence that is no longer part of the window ends at once."""
    made = save_window(actor_in(request), _window_values(body), window_id=where.window_id)
    return _window(shown_window(made, timezone.now()))


@windows_router.delete("/{window_id}", response={204: None}, summary="Delete a maintenance window")
def remove_window(request: HttpRequest, where: Path[WindowPath]) -> Any:
    """A running occurrence ends at once."""
    delete_window(actor_in(request), where.window_id)
    return Status(204, None)
