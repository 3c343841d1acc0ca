"""The API of postmortem templates."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from postmortems.template_library import services
from postmortems.template_library.models import PostmortemTemplate
from postmortems.template_library.schemas import (
    PostmortemTemplateIn,
    PostmortemTemplateOut,
    PostmortemTemplatePatch,
    PostmortemTemplateRow,
)
from postmortems.template_library.selectors import template_named, template_sections, templates_of

router = Router(tags=["Postmortem templates"])
_SECTION = ("key", "title", "style", "help_text", "starter", "has_text", "is_required", "audience")


class TemplateSlug(Schema):
    """One template."""

    template: str = Field(max_length=60, description="Its slug.")


class TemplateQuery(Schema):
    """Filter of templates."""

    archived: bool = Field(False, description="List archived templates.")


def _named(actor: Actor, slug: str) -> PostmortemTemplate:
    services.ensure_templates(actor.workspace_id)
    return template_named(actor, slug)


def _row(one: PostmortemTemplate) -> dict[str, Any]:
    names = ("name", "kind", "is_default", "is_strict", "version", "created_at")
    return {name: getattr(one, name) for name in names} | {
        "id": one.slug,
        "is_archived": one.archived_at is not None,
    }


def _whole(one: PostmortemTemplate) -> dict[str, Any]:
    sections = [{name: getattr(row, name) for name in _SECTION} for row in template_sections(one)]
    frame = {name: getattr(one, name) for name in ("header", "footer", "has_dividers")}
    return {**_row(one), **frame, "sections": sections}


@router.get("", response=list[PostmortemTemplateRow], summary="List postmortem templates")
def listed(request: HttpRequest, query: Query[TemplateQuery]) -> Any:
    """The default one first."""
    known_only(request, ("archived",))
    actor = actor_in(request)
    services.ensure_templates(actor.workspace_id)
    return [_row(one) for one in templates_of(actor, archived=query.archived)]


@router.post("", response={201: PostmortemTemplateOut}, summary="Create a postmortem template")
def create(request: HttpRequest, body: PostmortemTemplateIn) -> Any:
    """With `sections`, or as a copy of another one."""
    actor = actor_in(request)
    given = body.model_dump()
    copied = given.pop("copy_of")
    if copied:
        source = _named(actor, copied)
        made = services.copy_template(actor, template_id=source.pk, name=body.name)
    else:
        made = services.create_template(actor, **given)
    return Status(201, _whole(made))


@router.get("/{template}", response=PostmortemTemplateOut, summary="Read a postmortem template")
def read(request: HttpRequest, where: Path[TemplateSlug]) -> Any:
    """With its sections."""
    return _whole(_named(actor_in(request), where.template))


@router.patch("/{template}", response=PostmortemTemplateOut, summary="Change a postmortem template")
def change(request: HttpRequest, where: Path[TemplateSlug], body: PostmortemTemplatePatch) -> Any:
    """Existing postmortems stay as they are. With `version`, a stale change is refused."""
    actor = actor_in(request)
    found = _named(actor, where.template)
    given = body.model_dump(exclude_none=True)
    archived, version = given.pop("is_archived", None), given.pop("version", None)
    sections = given.pop("sections", None) or [
        {name: getattr(row, name) for name in _SECTION} for row in template_sections(found)
    ]
    with transaction.atomic():
        if given or body.sections:
            services.update_template(actor, template_id=found.pk, version=version, sections=sections, **given)
        if archived is not None:
            services.archive_template(actor, template_id=found.pk, archived=archived)
    return _whole(template_named(actor, where.template))


@router.delete("/{template}", response={204: None}, summary="Archive a postmortem template")
def archive(request: HttpRequest, where: Path[TemplateSlug]) -> Any:
    """It can no longer be used; existing postmortems stay. `is_archived: false` restores it."""
    actor = actor_in(request)
    services.archive_template(actor, template_id=_named(actor, where.template).pk, archived=True)
    return Status(204, None)
