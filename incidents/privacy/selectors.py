"""Visibility of incidents: every list, count and search goes through here."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact

from accounts.actor import SEES_ALL, Actor
from accounts.models import User
from accounts.permissions import Capability, require
from incidents.lifecycle.models import Incident
from incidents.privacy.models import InvitedPerson


def seen_by(actor: Actor) -> QuerySet[Incident]:
    """Return the incidents of the workspace that the actor may see. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return seen_as(actor.workspace_id, actor.viewer)


def seen_as(workspace_id: int, viewer: int) -> QuerySet[Incident]:
    """`seen_by` for the `viewer` of an actor, as compiled queries need it."""
    found: QuerySet[Incident] = Incident.objects.of(workspace_id).filter(is_seen(workspace_id, viewer))
    return found


def is_seen(workspace_id: int, viewer: int, path: str = "") -> Q:
    """Return the condition that rows are of incidents that `viewer` may see; `path` leads to the incident.

    Rows without an incident pass. Invitations are looked up for private incidents only.
    """
    if viewer == SEES_ALL:
        return Q()
    invited = InvitedPerson.objects.of(workspace_id).filter(
        incident=OuterRef(f"{path}_id" if path else "pk"), viewer=viewer
    )
    public = Q(**{f"{path}__is_private" if path else "is_private": False})
    if path:
        public |= Q(**{path: None})
    return public | Q(_sees_all(viewer)) | Q(Exists(invited))


def seen_with(actor: Actor, path: str = "incident") -> Q:
    """Return `is_seen` for rows that belong to an incident: `rows.filter(seen_with(actor))`."""
    return is_seen(actor.workspace_id, actor.viewer, path)


def hidden_from(actor: Actor) -> QuerySet[Incident]:
    """Return the private incidents the actor may not see; for rows that name an incident by number or id."""
    private = Incident.objects.of(actor.workspace_id).filter(is_private=True)
    if actor.viewer == SEES_ALL:
        return private.none()
    return private.exclude(pk__in=seen_as(actor.workspace_id, actor.viewer).values("pk"))


def may_see(actor: Actor, incident: Incident) -> bool:
    """Return whether the actor may see a loaded incident."""
    viewer = actor.viewer
    if not incident.is_private or viewer == SEES_ALL:
        return True
    invited = InvitedPerson.objects.of(incident.workspace_id).filter(incident=incident, viewer=viewer)
    return bool(invited.exists())


def invited_to(actor: Actor, incident: Incident) -> list[InvitedPerson]:
    """Return the invitations to a private incident, oldest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = InvitedPerson.objects.of(actor.workspace_id).filter(incident=incident)
    return list(rows.select_related("user").order_by("id"))


def people_who_see(workspace_id: int, incident_id: int) -> QuerySet[User]:
    """Return people invited to an incident; admins, who see it anyway, are not included."""
    invited = InvitedPerson.objects.of(workspace_id).filter(incident_id=incident_id, user__is_active=True)
    return User.objects.filter(pk__in=invited.values("user_id"))


def _sees_all(viewer: int) -> Any:
    return Exact(
        Value(viewer, output_field=BigIntegerField()), Value(SEES_ALL, output_field=BigIntegerField())
    )
