"""Reads postmortem templates."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from postmortems.template_library.models import PostmortemTemplate, TemplateSection


def templates_of(actor: Actor, *, archived: bool = False) -> Sequence[PostmortemTemplate]:
    """Active or archived templates, the default one first. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = PostmortemTemplate.objects.of(actor.workspace_id).filter(archived_at__isnull=not archived)
    return list(rows.order_by("-is_default", "name"))


def template_for(actor: Actor, template_id: int) -> PostmortemTemplate:
    """One template. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    found: PostmortemTemplate | None = (
        PostmortemTemplate.objects.of(actor.workspace_id).filter(pk=template_id).first()
    )
    if found is None:
        raise NotFound("There is no such template in this workspace.")
    return found


def template_sections(template: PostmortemTemplate) -> list[TemplateSection]:
    """Its sections in order."""
    rows = TemplateSection.objects.of(template.workspace_id).filter(template=template)
    return list(rows.order_by("position", "id"))


def template_named(actor: Actor, slug: str) -> PostmortemTemplate:
    """One template by its slug. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    found: PostmortemTemplate | None = (
        PostmortemTemplate.objects.of(actor.workspace_id).filter(slug=slug).first()
    )
    if found is None:
        raise NotFound("There is no such template in this workspace.")
    return found
