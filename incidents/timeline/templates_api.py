"""API of stakeholder update templates."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.timeline.schemas import Body
from incidents.timeline.services.templates import (
    MAX_LABEL,
    MAX_TEXT,
    change_update_template,
    reset_update_template,
    update_templates_of,
)
from incidents.timeline.update_templates import STANDARD, UpdateTemplate

router = Router(tags=["Incidents"])
Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL, description="Its name.")]
Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_TEXT,
        description="Markdown; `{title}`, `{impact}` and `{components}` are the incident's, `{next_update}` "
        "the time of the next update.",
    ),
]


class TemplateName(Schema):
    """One template by name."""

    update_template: str = Field(
        max_length=40, description="`investigating`, `identified`, `monitoring` or `resolved`."
    )


class UpdateTemplateIn(Body):
    """Text of a template."""

    label: Label
    text: Text


class UpdateTemplateOut(Schema):
    """A stakeholder update template."""

    name: str = Field(description="`investigating`, `identified`, `monitoring` or `resolved`.")
    label: Label
    text: Text
    is_standard: bool = Field(description="Whether it is the default.")


def _json(name: str, one: UpdateTemplate) -> dict[str, Any]:
    return {"name": name, "label": one.label, "text": one.text, "is_standard": one == STANDARD[name]}


@router.get("", response=list[UpdateTemplateOut], summary="List update templates")
def listed(request: HttpRequest) -> Any:
    """List the templates in the order of an incident's course."""
    known_only(request, ())
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    return [_json(name, one) for name, one in update_templates_of(actor.workspace_id).items()]


@router.put("/{update_template}", response=UpdateTemplateOut, summary="Change an update template")
def put(request: HttpRequest, where: Path[TemplateName], body: UpdateTemplateIn) -> Any:
    """Change a template. Updates posted before stay as they are."""
    made = change_update_template(
        actor_in(request), name=where.update_template, label=body.label, text=body.text
    )
    return _json(where.update_template, made)


@router.delete("/{update_template}", response=UpdateTemplateOut, summary="Reset an update template")
def reset(request: HttpRequest, where: Path[TemplateName]) -> Any:
    """Reset a template to the default."""
    return _json(where.update_template, reset_update_template(actor_in(request), name=where.update_template))
