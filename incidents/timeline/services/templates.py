"""Stakeholder update templates: those of the workspace, else the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from incidents.timeline.models import StoredUpdateTemplate
from incidents.timeline.update_templates import STANDARD, UpdateTemplate
from incidents.validation import clean_line, invalid

MAX_LABEL: Final = 60
MAX_TEXT: Final = 5_000


def update_templates_of(workspace_id: int) -> Mapping[str, UpdateTemplate]:
    """Return name -> template, in the order of an incident's course."""
    rows = StoredUpdateTemplate.objects.of(workspace_id)
    stored = {one.name: UpdateTemplate(one.label, one.text) for one in rows}
    return {name: stored.get(name, one) for name, one in STANDARD.items()}


def change_update_template(actor: Actor, *, name: str, label: str, text: str) -> UpdateTemplate:
    """Set a template; setting the default label and text resets it.

    Raises Invalid naming the field, Forbidden.
    """
    require(actor, Capability.SETTINGS_WRITE)
    _standard(name)
    made = UpdateTemplate(clean_line("label", label, MAX_LABEL), _clean(text))
    with transaction.atomic():
        rows = StoredUpdateTemplate.objects.of(actor.workspace_id).filter(name=name)
        before = rows.first()
        if made == STANDARD[name]:
            target = before or StoredUpdateTemplate(workspace_id=actor.workspace_id, name=name)
            rows.delete()
        else:
            given = {"label": made.label, "text": made.text}
            where: dict[str, Any] = {"workspace_id": actor.workspace_id, "name": name}
            target, _ = StoredUpdateTemplate.objects.of(actor.workspace_id).update_or_create(
                **where, defaults=given
            )
        summary = f"{actor.label} changed the update template “{made.label}”"
        changes = {"text": [before.text if before else STANDARD[name].text, made.text]}
        record(actor, action="update_template.update", target=target, summary=summary, changes=changes)
    return made


def reset_update_template(actor: Actor, *, name: str) -> UpdateTemplate:
    """Reset a template to the default. Raises Invalid naming the field, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    standard = _standard(name)
    return change_update_template(actor, name=name, label=standard.label, text=standard.text)


def _standard(name: str) -> UpdateTemplate:
    if name not in STANDARD:
        raise invalid("name", "choice", f"must be one of {', '.join(STANDARD)}")
    return STANDARD[name]


def _clean(text: str) -> str:
    clean = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not clean:
        raise invalid("text", "required", "is required")
    if len(clean) > MAX_TEXT:
        raise invalid("text", "max_length", f"must be at most {MAX_TEXT:,} characters")
    return clean
