"""Reads the status page of a workspace and its components."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from status.pages.models import PublicComponent, StatusPage


def page_of(actor: Actor) -> StatusPage:
    """The page of the actor's workspace. Raises NotFound, Forbidden."""
    page = page_or_none(actor)
    if page is None:
        raise NotFound("This workspace has no status page.")
    return page


def page_or_none(actor: Actor) -> StatusPage | None:
    """The page, or None. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return next(iter(_pages(actor.workspace_id)), None)


@compiled(int)
def _pages(workspace_id: int) -> QuerySet[StatusPage]:
    return StatusPage.objects.of(workspace_id).defer("logo").order_by("pk")[:1]


def components_on(actor: Actor) -> Sequence[PublicComponent]:
    """The public components in the order of the page. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = PublicComponent.objects.of(actor.workspace_id).select_related("group", "component")
    return list(rows.order_by("group__position", "group__name", "position", "name"))


def component_on(actor: Actor, public_id: str) -> PublicComponent:
    """One public component. Raises NotFound, Forbidden."""
    for one in components_on(actor):
        if one.public_id == public_id:
            return one
    raise NotFound("There is no such component on the status page.")
