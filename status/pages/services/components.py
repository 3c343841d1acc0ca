"""Adds, changes and removes the components of a status page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from core.errors import NotFound
from incidents.models import Component
from status.pages.models import ComponentGroup, PublicComponent
from status.pages.selectors import page_of
from status.pages.validation import clean_choice, clean_note, new_public_id
from status.snapshots.services.requests import request_build
from status.vocabulary import ComponentState, Follows

MAX_COMPONENTS: Final = 200
MAX_POSITION: Final = 10_000


def add_component(actor: Actor, *, values: Mapping[str, Any]) -> PublicComponent:
    """Add a component to the page. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    page = page_of(actor)
    if PublicComponent.objects.of(actor.workspace_id).count() >= MAX_COMPONENTS:
        raise invalid("name", "count", f"would be more than {MAX_COMPONENTS} components")
    if not values.get("name"):
        raise invalid("name", "required", "is needed")
    made = PublicComponent(workspace_id=actor.workspace_id, page=page, public_id=new_public_id())
    return _save(actor, made, values, "status_component.add")


def change_component(actor: Actor, *, public_id: str, values: Mapping[str, Any]) -> PublicComponent:
    """Update the given fields of a component. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    return _save(actor, _found(actor, public_id), values, "status_component.change")


def set_component_state(actor: Actor, *, public_id: str, state: str) -> PublicComponent:
    """Set the state manually; "": it follows incidents again. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.STATUS_PUBLISH)
    return _save(actor, _found(actor, public_id), {"manual_state": state}, "status_component.state")


def remove_component(actor: Actor, *, public_id: str) -> None:
    """Remove a component from the page, with its history. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    found = _found(actor, public_id)
    with transaction.atomic():
        record(
            actor,
            action="status_component.remove",
            target=found,
            summary=f"{found.name} off the page",
        )
        found.delete()
        _drop_empty_groups(actor)
        request_build(actor.workspace_id)


def _found(actor: Actor, public_id: str) -> PublicComponent:
    found: PublicComponent | None = (
        PublicComponent.objects.of(actor.workspace_id)
        .filter(public_id=public_id)
        .select_related("page", "group", "component")
        .first()
    )
    if found is None:
        raise NotFound("There is no such component on the status page.")
    return found


def _save(actor: Actor, row: PublicComponent, values: Mapping[str, Any], action: str) -> PublicComponent:
    given = _cleaned(actor, values)
    try:
        with transaction.atomic():
            if "group" in given:
                given["group"] = _group(row, given["group"])
            changes = {
                name: [str(getattr(row, name) or ""), str(value or "")]
                for name, value in given.items()
                if getattr(row, name) != value
            }
            for name, value in given.items():
                setattr(row, name, value)
            row.updated_at = timezone.now()
            row.save()
            _drop_empty_groups(actor)
            record(
                actor, action=action, target=row, summary=f"{row.name} on the status page", changes=changes
            )
            request_build(actor.workspace_id)
    except IntegrityError as error:
        raise invalid("name", "unique", "is used by another component of the page") from error
    return row


def _cleaned(actor: Actor, values: Mapping[str, Any]) -> dict[str, Any]:
    cleaners: dict[str, Any] = {
        "name": lambda text: clean_name(text),
        "description": lambda text: clean_note("description", text, 300),
        "group": lambda text: clean_note("group", text, 80),
        "component": lambda name: _catalogued(actor, name),
        "follows": lambda text: clean_choice("follows", text, Follows.values),
        "manual_state": lambda text: clean_choice("manual_state", text, ["", *ComponentState.values]),
        "position": _clean_position,
    }
    return {name: clean(values[name]) for name, clean in cleaners.items() if values.get(name) is not None}


def _clean_position(number: int) -> int:
    if not 0 <= number <= MAX_POSITION:
        raise invalid("position", "range", f"must be 0 to {MAX_POSITION}")
    return number


def _catalogued(actor: Actor, name: str) -> Component | None:
    if not name:
        return None
    found: Component | None = Component.objects.of(actor.workspace_id).filter(name=name).first()
    if found is None:
        raise invalid("component", "known", "must name a component of the catalogue")
    return found


def _group(row: PublicComponent, name: str) -> ComponentGroup | None:
    if not name:
        return None
    groups = ComponentGroup.objects.of(row.workspace_id)
    found: ComponentGroup = groups.get_or_create(
        page=row.page, name=name, defaults={"workspace_id": row.workspace_id, "position": row.position}
    )[0]
    return found


def _drop_empty_groups(actor: Actor) -> None:
    ComponentGroup.objects.of(actor.workspace_id).filter(components__isnull=True).delete()
