"""Reads bundles."""

from __future__ import annotations

import uuid
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from bundles.records.models import Bundle, BundleAccess, BundleStatus
from core.errors import Forbidden, NotFound
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from incidents.privacy.selectors import seen_with

MAX_LISTED: Final = 50
MAX_ACCESSES: Final = 100
_HIDDEN: Final = (BundleStatus.ANNOUNCED, BundleStatus.DELETED)
_LISTED_WITHOUT: Final = ("manifest", "facts", "hits", "checks", "levels")


def bundle_for(actor: Actor, public_id: str) -> Bundle:
    """One bundle of the workspace. Raises NotFound, Forbidden."""
    require(actor, Capability.BUNDLES_READ)
    return _one(Bundle.objects.of(actor.workspace_id).filter(seen_with(actor)), public_id)


def own_bundle(actor: Actor, public_id: str) -> Bundle:
    """As `bundle_for`; a token that may only upload finds its own bundles. Raises NotFound, Forbidden."""
    return _one(_visible(actor), public_id)


def _one(rows: QuerySet[Bundle], public_id: str) -> Bundle:
    try:
        found = rows.select_related("incident").filter(public_id=uuid.UUID(public_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such bundle in this workspace.")
    return found


def _visible(actor: Actor) -> QuerySet[Bundle]:
    rows: QuerySet[Bundle] = Bundle.objects.of(actor.workspace_id).filter(seen_with(actor))
    if allowed(actor, Capability.BUNDLES_READ):
        return rows
    if not allowed(actor, Capability.BUNDLES_WRITE) or actor.token_id is None:
        raise Forbidden(f"{actor.label} may not read bundles: it needs the scope incidents:read.")
    return rows.filter(token_id=actor.token_id)


def bundles_page(
    actor: Actor, *, before: int | None = None, text: str = "", limit: int = MAX_LISTED
) -> list[Bundle]:
    """Bundles, newest first, up to `limit` + 1. Raises Forbidden."""
    rows = _visible(actor).exclude(status__in=_HIDDEN).select_related("incident").defer(*_LISTED_WITHOUT)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if text:
        rows = rows.filter(summary__icontains=text) | rows.filter(host__icontains=text)
    return list(rows.order_by("-id")[: limit + 1])


def bundles_of(actor: Actor, incident: Incident) -> list[Bundle]:
    """Bundles of an incident, newest first. Raises Forbidden."""
    require(actor, Capability.BUNDLES_READ)
    return _on_incident(actor.workspace_id, incident.pk)


@compiled(int, int)
def _on_incident(workspace_id: int, incident_id: int) -> QuerySet[Bundle]:
    rows = Bundle.objects.of(workspace_id).filter(incident_id=incident_id).exclude(status__in=_HIDDEN)
    return rows.defer(*_LISTED_WITHOUT).order_by("-id")[:20]


def accesses_of(actor: Actor, bundle: Bundle) -> list[BundleAccess]:
    """The access log of a bundle, newest first, at most 100. Raises Forbidden."""
    require(actor, Capability.BUNDLES_READ)
    return list(
        BundleAccess.objects.of(actor.workspace_id).filter(bundle=bundle).order_by("-id")[:MAX_ACCESSES]
    )


def may_open(actor: Actor, bundle: Bundle) -> bool:
    """Whether the actor may read the file; quarantined ones only admins."""
    if bundle.status == BundleStatus.READY:
        return allowed(actor, Capability.BUNDLES_READ)
    return bundle.status == BundleStatus.QUARANTINED and allowed(actor, Capability.BUNDLES_MANAGE)


def opened_bundle(actor: Actor, public_id: str) -> Bundle:
    """A bundle whose file the actor may read. Raises NotFound, Forbidden."""
    bundle = bundle_for(actor, public_id)
    if bundle.status == BundleStatus.QUARANTINED and not may_open(actor, bundle):
        raise Forbidden("This bundle is quarantined: only admins can open it.")
    if not may_open(actor, bundle):
        raise NotFound(f"The file of this bundle cannot be opened: {bundle.get_status_display().lower()}.")
    return bundle
