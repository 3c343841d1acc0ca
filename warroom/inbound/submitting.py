"""Processes a modal submission within the request, so that errors leave the modal open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from accounts.actor import Actor
from core.errors import Problem
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_update
from incidents.vocabulary import IncidentSource
from warroom.connection.models import SlackTeam
from warroom.inbound import modals
from warroom.inbound.services.inbox import mark_processed
from warroom.inbound.subject import actor_for, member_mentioned

STATEMENT_TIMEOUT_MS: Final = 2000
NOT_SAVED: Final = "Not saved: the database is not reachable. Send it again."
FIELD_OF_FAULT: Final = {"username": "person", "user_id": "person", "message": "message"}


def submit(team: SlackTeam, body: Mapping[str, Any], key: str) -> dict[str, str]:
    """Process a submission, once. Returns errors by field; {} on success."""
    view = body["view"]
    actor = actor_for(team, body["user"]["id"], key=key)
    try:
        person = _person(team, view)  # may call Slack, so not within the transaction
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"set local statement_timeout = {STATEMENT_TIMEOUT_MS}")
            if mark_processed(team.workspace_id, team, kind="view", key=key):
                SUBMITTERS[view["callback_id"]](actor, view, key, person)
    except Problem as problem:
        return _faults(view, problem)
    except DatabaseError:
        return {modals.first_field(view): NOT_SAVED}
    return {}


def _person(team: SlackTeam, view: Mapping[str, Any]) -> int | None:
    """The user id of the member that a form names, or None. Raises Invalid if they are not linked."""
    if view["callback_id"] != modals.ROLE:
        return None
    return member_mentioned(team, f"<@{modals.entered(view)['person']}>")


def _faults(view: Mapping[str, Any], problem: Problem) -> dict[str, str]:
    fields = (view.get("state") or {}).get("values") or {}
    found = {}
    for fault in problem.faults:
        field = FIELD_OF_FAULT.get(fault.field, fault.field)
        if field in fields:
            found[field] = f"{fault.message[:1].upper()}{fault.message[1:]}."
    return found or {modals.first_field(view): problem.detail}


def _declare(actor: Actor, view: Mapping[str, Any], key: str, person: int | None) -> None:
    given = modals.entered(view)
    declare_incident(
        actor, title=given["title"], severity=given["severity"] or None, description=given["description"],
        source=IncidentSource.SLACK, request_key=f"slack:{key}",
    )  # fmt: skip


def _update(actor: Actor, view: Mapping[str, Any], key: str, person: int | None) -> None:
    given, (number, _) = modals.entered(view), modals.about(view)
    is_public = modals.PUBLIC in given.get("public", ())
    add_update(
        actor, number=number, message=given["message"], is_public=is_public, request_key=f"slack:{key}"
    )


def _resolve(actor: Actor, view: Mapping[str, Any], key: str, person: int | None) -> None:
    given, (number, version) = modals.entered(view), modals.about(view)
    resolve_incident(
        actor,
        number=number,
        message=given["message"],
        root_cause=given["root_cause"] or None,
        version=version,
    )


def _role(actor: Actor, view: Mapping[str, Any], key: str, person: int | None) -> None:
    given, (number, version) = modals.entered(view), modals.about(view)
    assign_role(actor, number=number, role=given["role"], user_id=person, version=version)


Submitter = Callable[[Actor, Mapping[str, Any], str, int | None], None]
SUBMITTERS: Final[Mapping[str, Submitter]] = {
    modals.DECLARE: _declare, modals.UPDATE: _update, modals.RESOLVE: _resolve, modals.ROLE: _role,
}  # fmt: skip
