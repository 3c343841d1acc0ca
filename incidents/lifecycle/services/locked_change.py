"""Changes one locked incident: lock, check, write, audit, publish, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound
from core.outbox.events import DomainEvent, publish_all
from incidents.lifecycle.services.incident_numbers import lock_counter
from incidents.models import Incident, TimelineEntry
from incidents.privacy.selectors import seen_as
from incidents.reference import parse_reference, reference
from incidents.selectors import incident_by_id
from incidents.sla.services.clock_rows import CLOCK_FIELDS, set_clocks
from incidents.stages.services.entering import enter_stage
from incidents.timeline.services.timeline_entries import actor_json, actor_key, entry
from incidents.vocabulary import EntryKind, Stage

# Derived columns, which are not audited.
_UNREPORTED = ("version", "updated_at", "type_basis", "severity_basis")

Work = Callable[["Change"], None]


class Change:
    """One incident under its row lock, and its pending change. `at` is the time of the change."""

    def __init__(self, actor: Actor, incident: Incident, version: int | None) -> None:
        self.actor = actor
        self.incident = incident
        self.version = version
        self.at: datetime = timezone.now()
        self.entries: list[TimelineEntry] = []
        self._before = _fields(incident)

    def refuse_stale(self) -> None:
        """Raise Conflict when the caller read an older version.

        Call it once the call is known to be no repeat.
        """
        if self.version is not None and self.version != self.incident.version:
            raise Conflict(
                f"{self.incident.reference} has changed since you read it: it is at version "
                f"{self.incident.version}, you sent {self.version}. Nothing was changed.",
                extra={"current": current_state(self.incident)},
            )

    def is_repeat_of(self, first: TimelineEntry | None, done: str) -> bool:
        """Return whether this actor made that entry. Raises Conflict naming the actor if it was someone else.

        `done` names the state: "acknowledged".
        """
        if first is not None and first.data.get("by") == actor_key(self.actor):
            return True
        who = f" by {first.author_label} at {first.occurred_at:%Y-%m-%d %H:%M:%S} UTC" if first else ""
        extra: dict[str, Any] = {"current": current_state(self.incident)}
        if first is not None:
            extra |= {"by": first.author_label, "at": first.occurred_at.isoformat()}
        raise Conflict(f"{self.incident.reference} is {done} already{who}. Nothing was changed.", extra=extra)

    def note(
        self,
        kind: EntryKind,
        message: str,
        *,
        is_public: bool = False,
        at: datetime | None = None,
        request_key: str = "",
        **data: Any,
    ) -> TimelineEntry:
        """Write a timeline entry of something that happened `at`; the default is the time of the change."""
        made = entry(self.actor, self.incident, kind, message, at=at or self.at, is_public=is_public, **data)
        made.request_key = request_key
        made.save(force_insert=True)
        self.entries.append(made)
        return made

    def changes(self) -> dict[str, list[Any]]:
        """Return the fields that differ from the locked state: name -> [before, after], JSON-ready."""
        after = _fields(self.incident)
        return {
            name: [_json(old), _json(after[name])] for name, old in self._before.items() if after[name] != old
        }

    def changes_from(self, changed: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the former values of changed fields (name -> [before, after]) that no one changed since."""
        return {
            name: before
            for name, (before, after) in changed.items()
            if _json(getattr(self.incident, name)) == after
        }

    def put_back(self, fields: Mapping[str, Any]) -> None:
        """Set fields to values returned by `changes`, without saving."""
        for name, value in fields.items():
            field: Any = Incident._meta.get_field(name)
            setattr(self.incident, field.attname, field.to_python(value))

    def save(self) -> None:
        """Write the changed fields under the next version."""
        self.incident.version += 1
        self.touch()

    def touch(self) -> None:
        """Write the changed fields without a new version."""
        self.incident.updated_at = self.at
        changed = self.changes()
        self.incident.save(update_fields=[*changed])
        if not CLOCK_FIELDS.isdisjoint(changed):
            set_clocks(self.incident.workspace_id, [self.incident.pk])
        if "stage" in changed:
            enter_stage(self.incident, self.at, left=Stage(changed["stage"][0]))

    def finish(
        self,
        action: str,
        summary: str,
        events: Sequence[DomainEvent],
        more: Mapping[str, list[Any]] | None = None,
    ) -> None:
        """Write the audit entry and the events. `more`: changes that are not fields of the incident."""
        changed = {name: pair for name, pair in self.changes().items() if name not in _UNREPORTED}
        record(
            self.actor,
            action=action,
            target=self.incident,
            summary=summary,
            changes={**changed, **(more or {})},
        )
        publish_all(events, actor=actor_json(self.actor))

    @property
    def ids(self) -> tuple[int, int, int, int]:
        """Return the common fields of every IncidentEvent."""
        return self.incident.workspace_id, self.incident.pk, self.incident.number, self.incident.version


def change(
    actor: Actor,
    work: Work,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    version: int | None = None,
    in_line: bool = False,
) -> Incident:
    """Run `work` on one locked incident and return the incident as it is afterwards, with details.

    `in_line` locks the workspace's counter first, for work that could create a second unresolved incident of
    one fingerprint. Raises Forbidden, NotFound, and whatever `work` raises, writing nothing.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    with transaction.atomic():
        if in_line:
            lock_counter(actor.workspace_id)
        incident = _locked(actor, number, incident_id)
        work(Change(actor, incident, version))
        return incident_by_id(actor.workspace_id, incident.pk)


def _locked(actor: Actor, number: int | str | None, incident_id: int | None) -> Incident:
    if (number is None) == (incident_id is None):
        raise TypeError("name the incident by number or by incident_id")
    parsed = None if number is None else parse_reference(number)
    which: dict[str, int | None] = {"pk": incident_id} if parsed is None else {"number": parsed}
    incident: Incident | None = (
        seen_as(actor.workspace_id, actor.viewer).filter(**which).select_for_update(of=("self",)).first()
    )
    if incident is None:
        raise NotFound(
            f"There is no {'such incident' if parsed is None else reference(parsed)} in this workspace."
        )
    if incident.archived_at is not None:
        raise Conflict(f"{incident.reference} is archived. Restore it first; nothing was changed.")
    return incident


def current_state(incident: Incident) -> dict[str, Any]:
    """Return the editable fields as they are now, JSON-ready, for a caller whose change was refused."""
    names = ("number", "version", "title", "severity", "status", "stage", "acknowledged_at", "resolved_at")
    return {"incident_id": incident.reference} | {name: _json(getattr(incident, name)) for name in names}


def _fields(incident: Incident) -> dict[str, Any]:
    return {field.attname: getattr(incident, field.attname) for field in incident._meta.concrete_fields}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
