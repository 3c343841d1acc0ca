"""Adds and removes lessons of incidents."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.outbox.events import publish
from incidents.events import IncidentChanged
from incidents.models import Component, Incident
from incidents.privacy.selectors import seen_with
from incidents.selectors import incident_for
from incidents.validation import clean_line, invalid
from postmortems.documents.selectors import postmortem_of
from postmortems.learning.models import Lesson, Priority

MAX_LESSONS: Final = 50  # per incident
MAX_LESSON_CHARS: Final = 500


def add_lesson(
    actor: Actor,
    reference: int | str,
    *,
    lesson: str,
    priority: str = "medium",
    category: str = "",
    component: str = "",
) -> Lesson:
    """Add a lesson; an equal one is returned (idempotent). Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    text = clean_line("lesson", lesson, MAX_LESSON_CHARS)
    weight = parse_priority(priority)
    sort = clean_line("category", category, 60) if category.strip() else ""
    postmortem = postmortem_of(actor, incident)
    rows = Lesson.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    if rows.count() >= MAX_LESSONS and not rows.filter(lesson=text).exists():
        raise invalid("lesson", "max_items", f"cannot be added: there are already {MAX_LESSONS}")
    with transaction.atomic():
        made: Lesson
        made, is_new = rows.get_or_create(
            incident_id=incident.pk,
            lesson=text,
            defaults={
                "workspace_id": actor.workspace_id,
                "postmortem": postmortem,
                "priority": weight,
                "category": sort,
                "component_id": _component_id(actor, component),
                "author_label": actor.label[:150],
            },
        )
        if is_new:
            summary = f"{actor.label} added a lesson to {incident.reference}: {text[:150]}"
            record(actor, action="lesson.add", target=made, summary=summary)
            _publish_change(actor, incident)
    return made


def remove_lesson(actor: Actor, lesson_id: int) -> None:
    """Remove a lesson. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        rows = (
            Lesson.objects.of(actor.workspace_id)
            .filter(seen_with(actor), pk=lesson_id)
            .select_related("incident")
        )
        lesson: Lesson | None = rows.first()
        if lesson is None:
            raise NotFound("There is no such lesson in this workspace.")
        incident = incident_for(actor, lesson.incident.number)
        summary = f"{actor.label} removed a lesson of {incident.reference}: {lesson.lesson[:150]}"
        record(actor, action="lesson.remove", target=lesson, summary=summary)
        lesson.delete()
        _publish_change(actor, incident)


def parse_priority(word: str) -> str:
    """`low` to `critical`, in any case. Raises Invalid naming `priority`."""
    found = word.strip().lower()
    if found not in Priority.values:
        raise invalid("priority", "choice", f"must be one of {', '.join(Priority.values)}")
    return found


def _component_id(actor: Actor, name: str) -> int | None:
    if not name:
        return None
    found: int | None = (
        Component.objects.of(actor.workspace_id).filter(name=name).values_list("pk", flat=True).first()
    )
    if found is None:
        raise invalid("component", "unknown", "must name a component of this workspace")
    return found


def _publish_change(actor: Actor, incident: Incident) -> None:
    publish(IncidentChanged(actor.workspace_id, incident.pk, incident.number, incident.version))
