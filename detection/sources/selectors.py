"""Queries for sources, quarantined requests and changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from core.errors import NotFound
from core.secrets.encryption import DecryptionError, decrypt
from core.sql.compiled_queries import compiled
from detection.models import (
    ChangeEvent,
    QuarantinedRequest,
    RequestOutcome,
    Source,
    SourceAlert,
    SourceSample,
    SourceSecret,
    SourceSubscription,
    SourceWord,
)
from incidents.listing.keyset import Page, decode_cursor, page_of
from incidents.models import AffectedComponent, Incident

FRESH: Final = timedelta(minutes=10)
BEFORE: Final = timedelta(hours=6)
AFTER: Final = timedelta(minutes=15)
SHOWN: Final = 8


def sources_of(actor: Actor) -> QuerySet[Source]:
    """Return every source by name, with `day_accepted`, `day_refused` (24 hours) and `waiting`.

    Raises Forbidden.
    """
    require(actor, Capability.SOURCES_READ)
    since = timezone.now() - timedelta(hours=24)
    day, waits = Q(tallies__hour__gte=since), Q(quarantine__replayed_at=None, quarantine__id__isnull=False)
    rows = Source.objects.of(actor.workspace_id).order_by("name")
    tallied = rows.annotate(
        day_accepted=Sum("tallies__accepted", filter=day), day_refused=Sum("tallies__refused", filter=day)
    )
    counts = {
        row["pk"]: row["n"] for row in rows.annotate(n=Count("quarantine", filter=waits)).values("pk", "n")
    }
    # A second statement, since two joins in one would multiply the sums.
    whens = [When(pk=pk, then=Value(count)) for pk, count in counts.items() if count]
    listed: QuerySet[Source] = tallied.annotate(
        waiting=Case(*whens, default=Value(0), output_field=IntegerField())
    )
    return listed


def source_for(actor: Actor, source_id: int) -> Source:
    """Return one source, annotated like the list. Raises Forbidden, NotFound."""
    source: Source | None = sources_of(actor).filter(pk=source_id).first()
    if source is None:
        raise NotFound("There is no such source in this workspace.")
    return source


def secrets_of(actor: Actor, source: Source) -> list[SourceSecret]:
    """Return the live keys and signing secrets, newest first.

    For an admin with their `text` for ten minutes.
    """
    rows = SourceSecret.objects.of(actor.workspace_id).filter(source=source, revoked_at=None).order_by("-id")
    may_see = allowed(actor, Capability.SOURCES_WRITE)
    found = list(rows)
    for secret in found:
        is_fresh = may_see and secret.created_at > timezone.now() - FRESH
        vars(secret)["text"] = _opened(secret) if is_fresh else ""
    return found


def words_of(actor: Actor, source: Source) -> list[SourceWord]:
    """Return the unknown words of its sender, newest first."""
    require(actor, Capability.SOURCES_READ)
    return list(SourceWord.objects.of(actor.workspace_id).filter(source=source).order_by("-last_at", "-id"))


def subscriptions_of(actor: Actor, source: Source) -> list[SourceSubscription]:
    """Return the unconfirmed topics; for an admin each with its `link` to open. Raises Forbidden."""
    require(actor, Capability.SOURCES_READ)
    may_open = allowed(actor, Capability.SOURCES_WRITE)
    found = list(SourceSubscription.objects.of(actor.workspace_id).filter(source=source, confirmed_at=None))
    for row in found:
        vars(row)["link"] = _text_of(row.address) if may_open else ""
    return found


def alert_row(source: Source, key: str) -> SourceAlert:
    """Return the state of one alert. Raises NotFound."""
    row: SourceAlert | None = (
        SourceAlert.objects.of(source.workspace_id).filter(source=source, key=key).first()
    )
    if row is None:
        raise NotFound("There is no such alert.")
    return row


def _opened(secret: SourceSecret) -> str:
    return _text_of(secret.sealed)


def _text_of(sealed: str) -> str:
    try:
        return decrypt(sealed)
    except DecryptionError:
        return ""


def sample_of(actor: Actor, source: Source) -> SourceSample | None:
    """Return the stored sample body of a mapped source."""
    require(actor, Capability.SOURCES_WRITE)
    sample: SourceSample | None = SourceSample.objects.of(actor.workspace_id).filter(source=source).first()
    return sample


def source_json(source: Source) -> dict[str, Any]:
    """Return a source as the API shows it."""
    plain = ("id", "kind", "name", "enabled", "opens_incidents", "reopen_minutes", "mapping", "version",
             "last_seen_at", "last_error_at", "last_error", "created_at")  # fmt: skip
    counted = {name: getattr(source, name, None) or 0 for name in ("day_accepted", "day_refused", "waiting")}
    return {
        **{name: getattr(source, name) for name in plain},
        "default_severity": str(source.default_severity),
        **counted,
    }


def quarantine_page(
    actor: Actor, *, source_id: int | None = None, cursor: str | None = None, limit: int = 50
) -> Page[QuarantinedRequest]:
    """Return requests in quarantine, newest first, without the bodies. Raises Forbidden, Invalid (cursor)."""
    require(actor, Capability.SOURCES_READ)
    rows = QuarantinedRequest.objects.of(actor.workspace_id).filter(replayed_at=None).defer("body")
    if source_id is not None:
        rows = rows.filter(source_id=source_id)
    if cursor:
        at, pk = decode_cursor(cursor)
        rows = rows.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=pk))
    found = list(rows.select_related("source").order_by("-received_at", "-id")[: limit + 1])
    return page_of(found, limit, lambda row: (row.received_at, row.pk))


def quarantined_for(actor: Actor, quarantine_id: int) -> QuarantinedRequest:
    """Return one request in quarantine with its body. Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_WRITE)
    rows = QuarantinedRequest.objects.of(actor.workspace_id).select_related("source")
    row: QuarantinedRequest | None = rows.filter(pk=quarantine_id).first()
    if row is None:
        raise NotFound("There is no such request in quarantine. It may have been discarded or expired.")
    return row


def changes_page(
    actor: Actor, *, component: str = "", cursor: str | None = None, limit: int = 50
) -> Page[ChangeEvent]:
    """Return changes, newest first. Raises Forbidden, Invalid (cursor)."""
    require(actor, Capability.INCIDENTS_READ)
    rows = ChangeEvent.objects.of(actor.workspace_id)
    if component:
        rows = rows.filter(component=component.replace("\0", ""))
    if cursor:
        at, pk = decode_cursor(cursor)
        rows = rows.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, pk__lt=pk))
    found = list(rows.select_related("source").order_by("-occurred_at", "-id")[: limit + 1])
    return page_of(found, limit, lambda row: (row.occurred_at, row.pk))


def changes_around(actor: Actor, incident: Incident) -> Sequence[ChangeEvent]:
    """Return at most eight changes from six hours before the incident began until a quarter of an hour after.

    Those of its own components first, then the latest; each has `is_own`.
    """
    require(actor, Capability.INCIDENTS_READ)
    began, seen = incident.started_at, incident.detected_at
    first, last = min(began, seen) - BEFORE, max(began, seen) + AFTER
    return _changes_between(incident.workspace_id, incident.pk, first, last)


@compiled(int, int, datetime, datetime)
def _changes_between(
    workspace_id: int, incident_id: int, first: datetime, last: datetime
) -> QuerySet[ChangeEvent]:
    affected = AffectedComponent.objects.of(workspace_id).filter(incident_id=incident_id)
    is_own = When(component__in=affected.values("component__name"), then=Value(1))
    own = Case(is_own, default=Value(0), output_field=IntegerField())
    rows = ChangeEvent.objects.of(workspace_id).filter(occurred_at__range=(first, last))
    found: QuerySet[ChangeEvent] = rows.annotate(is_own=own).order_by("-is_own", "-occurred_at", "-id")
    return found[:SHOWN]


def change_json(change: ChangeEvent) -> dict[str, Any]:
    """Return a change as the API shows it."""
    return {
        "id": change.pk, "kind": change.kind, "summary": change.summary, "component": change.component,
        "version": change.change_version, "author": change.author, "occurred_at": change.occurred_at,
        "links": change.shown_links, "detail": change.detail, "source": change.source and change.source.name,
    }  # fmt: skip


def outcome_of(source: Source, request_id: str) -> RequestOutcome:
    """Return the outcome of a request of that source within the last day. Raises NotFound."""
    rows = RequestOutcome.objects.of(source.workspace_id).filter(source=source, request_id=request_id[:64])
    found: RequestOutcome | None = rows.first()
    if found is None:
        raise NotFound("Request not found. It might not be processed, yet.")
    return found
