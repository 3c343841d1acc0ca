"""Creates, edits and archives components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import OnCallSchedule, Workspace
from accounts.permissions import Capability, require
from accounts.selectors import member_named
from core.errors import Conflict, NotFound
from core.outbox.events import publish
from incidents.components.dependencies import circle
from incidents.components.filters import TIERS
from incidents.events import ComponentChanged
from incidents.models import Component
from incidents.validation import clean_line, clean_text, clean_url, invalid

MAX_NEEDS: Final = 100
FIELDS: Final = (
    "description", "owner", "tier", "runbook_url", "health_url", "schedule_id", "depends_on", "archived",
)  # fmt: skip


def create_component(actor: Actor, *, name: str, wanted: Mapping[str, Any] | None = None) -> Component:
    """Add a component before any event names it. `wanted` as in `edit_component`.

    Raises Forbidden, and Invalid naming the field; `name` if it exists.
    """
    require(actor, Capability.COMPONENTS_WRITE)
    component = Component(workspace_id=actor.workspace_id, name=clean_line("name", name))
    with transaction.atomic():
        _lock(actor.workspace_id)
        try:
            with transaction.atomic():
                component.save(force_insert=True)
        except IntegrityError as error:
            raise invalid("name", "unique", "is used by another component") from error
        changes = _apply(actor, component, wanted or {})
        component.save()
        summary = f"{actor.label} added the component {component.name}"
        record(actor, action="component.create", target=component, summary=summary, changes=changes)
        publish(ComponentChanged(actor.workspace_id, component_id=component.pk))
    return component


def edit_component(
    actor: Actor, *, component_id: int, wanted: Mapping[str, Any], version: int | None = None
) -> Component:
    """Change any of `FIELDS`; writes nothing if nothing differs.

    description: text; owner: a member's user name, or "" or None for no one; tier: 1 to 5; runbook_url: http
    or https, or ""; health_url: the same; schedule_id: an on-call schedule, None: the default one;
    depends_on: names of components, replacing those before; archived: bool. `version` is the one the caller
    read. Raises Forbidden, NotFound, Conflict (stale, with `current`), Invalid naming the field: `depends_on`
    for a dependency cycle.
    """
    require(actor, Capability.COMPONENTS_WRITE)
    with transaction.atomic():
        _lock(actor.workspace_id)
        component = _locked(actor.workspace_id, component_id)
        changes = _apply(actor, component, wanted)
        if changes:
            _refuse_stale(component, version)
            component.version += 1
            component.save()
            record(actor, **_after_change(actor, component, changes))
            publish(ComponentChanged(actor.workspace_id, component_id=component.pk))
    return component


def _lock(workspace_id: int) -> None:
    """Serialize changes of a catalogue: two concurrent ones could create a cycle together.

    Inserts that refer to the workspace do not wait for this lock.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def _locked(workspace_id: int, component_id: int) -> Component:
    found: Component | None = (
        Component.objects.of(workspace_id).filter(pk=component_id).select_for_update(no_key=True).first()
    )
    if found is None:
        raise NotFound("There is no such component in this workspace.")
    return found


def _refuse_stale(component: Component, version: int | None) -> None:
    if version is not None and version != component.version:
        raise Conflict(
            f"{component.name} has changed since you read it: it is at version {component.version}, you sent "
            f"{version}. Nothing was changed.",
            extra={"current": {"name": component.name, "version": component.version}},
        )


def _after_change(actor: Actor, component: Component, changes: Mapping[str, Any]) -> dict[str, Any]:
    verb = "changed"
    if set(changes) == {"archived"}:
        verb = "archived" if component.archived_at else "restored"
    actions = {"changed": "component.edit", "archived": "component.archive", "restored": "component.restore"}
    summary = f"{actor.label} {verb} the component {component.name}"
    return {"action": actions[verb], "target": component, "summary": summary, "changes": changes}


Setter = Callable[[Actor, Component, Any], list[Any] | None]


def _apply(actor: Actor, component: Component, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set the fields; returns name -> [before, after] of those that differ."""
    if odd := sorted(set(wanted) - set(FIELDS)):
        raise invalid(odd[0], "unknown", "is not a field of a component that can be changed")
    pairs = {name: _SETTERS[name](actor, component, wanted[name]) for name in FIELDS if name in wanted}
    return {name: pair for name, pair in pairs.items() if pair is not None}


def _set(component: Component, name: str, value: Any) -> list[Any] | None:
    before = getattr(component, name)
    setattr(component, name, value)
    return None if before == value else [before, value]


def _set_description(actor: Actor, component: Component, text: Any) -> list[Any] | None:
    return _set(component, "description", clean_text("description", text))


def _set_owner(actor: Actor, component: Component, username: Any) -> list[Any] | None:
    before = component.owner.username if component.owner else None
    member = None
    if username:
        member = member_named(actor, clean_line("owner", username))
        if member is None:
            raise invalid("owner", "member", "must be the user name of a member of this workspace")
    component.owner = member.user if member else None
    after = member.user.username if member else None
    return None if before == after else [before, after]


def _set_tier(actor: Actor, component: Component, tier: Any) -> list[Any] | None:
    if isinstance(tier, bool) or not isinstance(tier, int) or tier not in TIERS:
        raise invalid("tier", "range", "must be a number from 1 (the most important) to 5")
    return _set(component, "tier", tier)


def _set_runbook(actor: Actor, component: Component, url: Any) -> list[Any] | None:
    return _set(component, "runbook_url", clean_url("runbook_url", url))


def _set_health(actor: Actor, component: Component, url: Any) -> list[Any] | None:
    return _set(component, "health_url", clean_url("health_url", url))


def _set_schedule(actor: Actor, component: Component, schedule_id: Any) -> list[Any] | None:
    schedules = OnCallSchedule.objects.of(actor.workspace_id)
    if schedule_id is not None and not schedules.filter(pk=schedule_id).exists():
        raise invalid("schedule_id", "unknown", "must be an on-call schedule of this workspace")
    return _set(component, "schedule_id", schedule_id)


def _set_archived(actor: Actor, component: Component, archived: Any) -> list[Any] | None:
    if not isinstance(archived, bool):
        raise invalid("archived", "type", "must be true or false")
    was = component.archived_at is not None
    if was == archived:
        return None
    component.archived_at = timezone.now() if archived else None
    return [was, archived]


def _set_needs(actor: Actor, component: Component, names: Any) -> list[Any] | None:
    wanted = _needs(actor.workspace_id, names)
    before = dict(component.depends_on.values_list("id", "name"))
    if set(wanted) == set(before):
        return None
    _refuse_circle(actor.workspace_id, component, wanted)
    component.depends_on.set(wanted)
    return [sorted(before.values()), sorted(wanted.values())]


def _needs(workspace_id: int, names: Any) -> dict[int, str]:
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) > MAX_NEEDS:
        raise invalid("depends_on", "max_items", f"must be a list of at most {MAX_NEEDS} names")
    wanted = {clean_line("depends_on", name) for name in names}
    known = dict(Component.objects.of(workspace_id).filter(name__in=wanted).values_list("id", "name"))
    if missing := sorted(wanted - set(known.values())):
        raise invalid("depends_on", "unknown", f"names {missing[0]}, which is no component here")
    return known


def _refuse_circle(workspace_id: int, component: Component, wanted: Mapping[int, str]) -> None:
    edges: dict[int, list[int]] = {}
    pairs = Component.depends_on.through.objects.filter(from_component__workspace_id=workspace_id)
    for one, needs in pairs.values_list("from_component_id", "to_component_id"):
        edges.setdefault(one, []).append(needs)
    if way := circle(component.pk, wanted, edges):
        names = dict(Component.objects.of(workspace_id).filter(pk__in=way).values_list("id", "name"))
        path = " → ".join(names[pk] for pk in way)
        raise invalid("depends_on", "circle", f"must not lead back to this component: {path}")


_SETTERS: Final[Mapping[str, Setter]] = {
    "description": _set_description,
    "owner": _set_owner,
    "tier": _set_tier,
    "runbook_url": _set_runbook,
    "health_url": _set_health,
    "schedule_id": _set_schedule,
    "depends_on": _set_needs,
    "archived": _set_archived,
}
