"""Sets which components an incident affects, and their impact."""

from __future__ import annotations

from accounts.actor import Actor
from core.errors import NotFound
from core.outbox.events import DomainEvent
from incidents.components.services.catalogue import component_ids
from incidents.events import IncidentChanged, IncidentGrew
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import AffectedComponent, Incident
from incidents.parsing import as_impact
from incidents.validation import clean_line
from incidents.vocabulary import EntryKind, Impact


def set_component_impact(
    actor: Actor,
    *,
    component: str,
    impact: Impact | str = Impact.DEGRADED,
    number: int | str | None = None,
    incident_id: int | None = None,
    version: int | None = None,
) -> Incident:
    """Mark a component affected (creating it if needed), or change its impact. A repeat changes nothing.

    Raises Conflict (stale), Invalid, NotFound, Forbidden.
    """
    name, wanted = clean_line("component", component), as_impact(impact)

    def work(it: Change) -> None:
        _set_impact(it, name, wanted)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _set_impact(it: Change, name: str, impact: Impact) -> None:
    held = _affected(it.incident, name)
    before = held.impact if held and held.restored_at is None else None
    if before == impact:
        return
    it.refuse_stale()
    if held is None:
        component_id = component_ids(it.incident.workspace_id, [name])[name]
        held = AffectedComponent(
            workspace_id=it.incident.workspace_id, incident=it.incident, component_id=component_id
        )
    held.impact, held.restored_at = impact, None
    held.save()
    _record(it, name, before, impact, f"{name}: {_words(before)} → {_words(impact)}.")


def remove_component(
    actor: Actor,
    *,
    component: str,
    number: int | str | None = None,
    incident_id: int | None = None,
    version: int | None = None,
) -> Incident:
    """Remove a component that is not affected after all.

    Raises NotFound when it was not marked, Conflict (stale), Invalid, Forbidden.
    """
    name = clean_line("component", component)

    def work(it: Change) -> None:
        held = _affected(it.incident, name)
        if held is None:
            raise NotFound(f"{it.incident.reference} does not list {name} as affected.")
        it.refuse_stale()
        before = held.impact
        held.delete()
        _record(it, name, before, None, f"{name}: {_words(before)} → not affected.")

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _words(impact: str | None) -> str:
    return Impact(impact).label.lower() if impact else "not affected"


def _affected(incident: Incident, name: str) -> AffectedComponent | None:
    rows = AffectedComponent.objects.of(incident.workspace_id)
    held: AffectedComponent | None = rows.filter(incident=incident, component__name=name).first()
    return held


def _record(it: Change, name: str, before: str | None, after: str | None, message: str) -> None:
    it.save()
    after = None if after is None else str(after)
    it.note(EntryKind.CHANGE, message, component=name, impact=after)
    pair = {f"component:{name}": [before, after]}
    events: list[DomainEvent] = [IncidentChanged(*it.ids)]
    if before is None and it.incident.is_unresolved:
        events.append(IncidentGrew(*it.ids, components=(name,)))
    it.finish("incident.component", f"{it.incident.reference}: {message}", events, pair)
