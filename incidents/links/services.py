"""Links and unlinks incidents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from core.errors import Conflict, NotFound
from core.outbox.events import publish_all
from incidents.events import IncidentChanged
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident, IncidentLink
from incidents.privacy.selectors import seen_as
from incidents.reference import parse_reference, reference
from incidents.timeline.services.timeline_entries import actor_json, entry
from incidents.validation import invalid
from incidents.vocabulary import EntryKind

MAX_LINKS: Final = 100
_Work = Callable[[Change, Incident], None]


def relate_incidents(actor: Actor, *, number: int | str, other: int | str) -> Incident:
    """Link two incidents in both directions (idempotent). Does not change their versions.

    Raises Invalid (field `other`) for an incident and itself, NotFound for one that this workspace does not
    have, Conflict beyond 100 links, Forbidden.
    """
    return _pair(actor, number, other, _link)


def unrelate_incidents(actor: Actor, *, number: int | str, other: int | str) -> Incident:
    """Remove a link in both directions; an automatic one is not created again.

    Raises NotFound if there is none, Invalid (field `other`), Forbidden.
    """
    return _pair(actor, number, other, _unlink)


def _pair(actor: Actor, number: int | str, other: int | str, work: _Work) -> Incident:
    mine, theirs = parse_reference(number), parse_reference(other)
    if mine == theirs:
        raise invalid("other", "self", "must be another incident")
    with transaction.atomic():
        # Always in the same order, to prevent a deadlock of two concurrent calls.
        both = seen_as(actor.workspace_id, actor.viewer).filter(number__in=[mine, theirs])
        locked = {row.number: row for row in both.order_by("id").select_for_update(of=("self",))}
        return change(actor, lambda it: work(it, _other(locked, theirs)), number=mine)


def _other(locked: dict[int, Incident], number: int) -> Incident:
    if number not in locked:
        raise NotFound(f"There is no {reference(number)} in this workspace.")
    return locked[number]


def _link(it: Change, other: Incident) -> None:
    linked = it.incident.related
    if linked.filter(pk=other.pk).exists():
        return
    if max(linked.count(), other.related.count()) >= MAX_LINKS:
        raise Conflict(f"An incident has {MAX_LINKS} links at most. Nothing was changed.")
    linked.add(other)
    _record(it, other, "Linked to", "incident.relate", [None, other.reference])


def _unlink(it: Change, other: Incident) -> None:
    low, high = sorted((it.incident.pk, other.pk))
    made = IncidentLink.objects.of(other.workspace_id).filter(low_id=low, high_id=high, removed_at=None)
    removed = made.update(removed_at=it.at, by_label=it.actor.label[:150])
    if not removed and not it.incident.related.filter(pk=other.pk).exists():
        raise NotFound(f"{it.incident.reference} is not linked to {other.reference}.")
    it.incident.related.remove(other)
    _record(it, other, "No longer linked to", "incident.unrelate", [other.reference, None])


def _record(it: Change, other: Incident, verb: str, action: str, pair: list[str | None]) -> None:
    """Write a timeline entry on both, but none that would name a private incident in a visible one.

    One audit entry, for it is one change; on the private one if only one is.
    """
    it.touch()
    if it.incident.is_private or not other.is_private:
        it.note(EntryKind.CHANGE, f"{verb} {other.reference}: {other.title}", related=other.number)
    if other.is_private or not it.incident.is_private:
        words = f"{verb} {it.incident.reference}: {it.incident.title}"
        made = entry(it.actor, other, EntryKind.CHANGE, words, at=it.at, related=it.incident.number)
        made.save(force_insert=True)
    event = IncidentChanged(other.workspace_id, other.pk, other.number, other.version)
    summary = f"{it.incident.reference}: {verb.lower()} {other.reference}"
    events = [IncidentChanged(*it.ids), event]
    if other.is_private and not it.incident.is_private:
        record(it.actor, action=action, target=other, summary=summary, changes={"related": pair})
        publish_all(events, actor=actor_json(it.actor))
    else:
        it.finish(action, summary, events, {"related": pair})
