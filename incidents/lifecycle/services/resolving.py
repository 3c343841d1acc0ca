"""Resolves, closes and reopens incidents."""

from __future__ import annotations

from collections.abc import Collection

from accounts.actor import Actor
from incidents.lifecycle.services.locked_change import Change, change
from incidents.lifecycle.services.transitions import move_to
from incidents.models import Incident
from incidents.timeline.services.timeline_entries import newest
from incidents.validation import clean_text
from incidents.vocabulary import Status


def resolve_incident(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    root_cause: str | None = None,
    is_public: bool | None = None,
    restores: bool = True,
    keep_affected: Collection[str] = (),
    version: int | None = None,
) -> Incident:
    """Resolve the incident: its stages end, and its affected components are restored.

    `root_cause`, when given, is written with it. `restores=False` leaves every component affected,
    `keep_affected` those it names. Repeated by the same actor: nothing changes. Raises Conflict (someone else
    was first, or stale), Invalid, NotFound, Forbidden.
    """

    def work(it: Change) -> None:
        if root_cause is not None and it.incident.status != Status.RESOLVED:
            it.incident.root_cause = clean_text("root_cause", root_cause)
        move_to(it, Status.RESOLVED, message, is_public, restores=restores, keep=keep_affected)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def close_incident(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    is_public: bool | None = None,
    version: int | None = None,
) -> Incident:
    """Close a resolved incident. Raises as `resolve_incident` does."""

    def work(it: Change) -> None:
        move_to(it, Status.CLOSED, message, is_public)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def reopen_incident(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    is_public: bool | None = None,
    version: int | None = None,
) -> Incident:
    """Reopen it as investigating: resolution and closing times are cleared and stay in the timeline.

    Also raises Conflict when a newer incident is open for the same fingerprint.
    """

    def work(it: Change) -> None:
        if it.incident.is_unresolved:
            it.is_repeat_of(newest(it.incident, to=Status.INVESTIGATING.value), "open")
            return
        move_to(it, Status.INVESTIGATING, message, is_public)

    return change(actor, work, number=number, incident_id=incident_id, version=version, in_line=True)
