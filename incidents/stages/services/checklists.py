"""Ticks the items of an incident's checklist, and edits the templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.events import IncidentChanged
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident
from incidents.parsing import as_stage, as_type
from incidents.stages.models import ChecklistItem, StageTemplate
from incidents.stages.services.entering import enter_stage
from incidents.stages.standard import Item, Plan
from incidents.validation import clean_line, invalid
from incidents.vocabulary import EntryKind, Stage

MAX_ITEMS: Final = 50
MAX_MINUTES: Final = 10_080
MAX_ITEM_LENGTH: Final = 300
KINDS: Final = ("action", "check", "exit")


def tick_item(
    actor: Actor, *, number: int | str, stage: Stage | str, position: int, ticked: bool = True
) -> Incident:
    """Tick or untick an item of a stage's checklist. Idempotent.

    Does not change the version. Raises NotFound for an item the stage does not have, Invalid, Forbidden.
    """
    wanted = as_stage(stage)

    def work(it: Change) -> None:
        _tick(it, wanted, position, ticked=ticked)

    return change(actor, work, number=number)


def _tick(it: Change, stage: Stage, position: int, *, ticked: bool) -> None:
    if stage == it.incident.stage:
        enter_stage(it.incident, it.at)
    rows = ChecklistItem.objects.of(it.incident.workspace_id).filter(
        incident=it.incident, stage=stage, position=position
    )
    item: ChecklistItem | None = rows.first()
    if item is None:
        raise NotFound(
            f"{it.incident.reference} has no item {position} in its {stage.label.lower()} checklist."
        )
    if (item.ticked_at is not None) == ticked:
        return
    item.ticked_at = it.at if ticked else None
    item.ticked_by_id = it.actor.user_id if ticked else None
    item.ticked_label = it.actor.label[:150] if ticked else ""
    item.save(update_fields=["ticked_at", "ticked_by", "ticked_label"])
    it.touch()
    message = f"{stage.label}: {'done' if ticked else 'not done'}: {item.text}"
    data: dict[str, Any] = {"checklist": stage.value, "position": position, "ticked": ticked}
    it.note(EntryKind.CHANGE, message, **data)
    pair = {f"checklist:{stage.value}:{position}": [not ticked, ticked]}
    it.finish("incident.checklist", f"{it.incident.reference}: {message}", [IncidentChanged(*it.ids)], pair)


def change_template(
    actor: Actor,
    *,
    stage: Stage | str,
    incident_type: str = "",
    from_minutes: int = 0,
    to_minutes: int = 0,
    items: Sequence[Item] = (),
) -> StageTemplate:
    """Set checklist and planned minutes of a stage, for one type or ("") for every other.

    Incidents that entered the stage keep their copy. Raises Invalid naming the field, Forbidden.
    """
    require(actor, Capability.SETTINGS_WRITE)
    wanted, kind = as_stage(stage), as_type(incident_type).value if incident_type else ""
    plan = _checked(from_minutes, to_minutes, items)
    stored = [
        {"text": i.text, "kind": i.kind, "is_required": i.is_required, "criterion": i.criterion}
        for i in plan.items
    ]
    with transaction.atomic():
        rows = StageTemplate.objects.of(actor.workspace_id)
        given = {"from_minutes": from_minutes, "to_minutes": to_minutes, "items": stored}
        where: dict[str, Any] = {"workspace_id": actor.workspace_id, "stage": wanted, "incident_type": kind}
        made, _ = rows.update_or_create(**where, defaults=given)
        summary = f"{actor.label} changed the {wanted.label.lower()} checklist for {kind or 'every type'}"
        changes = {"items": [None, len(stored)], "minutes": [None, f"{from_minutes}-{to_minutes}"]}
        record(actor, action="stage_template.update", target=made, summary=summary, changes=changes)
    template: StageTemplate = made
    return template


def _checked(from_minutes: int, to_minutes: int, items: Sequence[Item]) -> Plan:
    if not 0 <= from_minutes <= to_minutes <= MAX_MINUTES:
        raise invalid("to_minutes", "range", f"must be from_minutes to {MAX_MINUTES:,} minutes")
    if len(items) > MAX_ITEMS:
        raise invalid("items", "max_items", f"must be at most {MAX_ITEMS}")
    if any(item.kind not in KINDS for item in items):
        raise invalid("items", "choice", f"must each have a kind: {', '.join(KINDS)}")
    clean = tuple(
        Item(clean_line(f"items[{n}].text", i.text, MAX_ITEM_LENGTH), i.kind, i.is_required, i.criterion[:60])
        for n, i in enumerate(items)
    )
    return Plan(from_minutes, to_minutes, clean)
