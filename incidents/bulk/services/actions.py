"""Runs one action on many incidents, each in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import Problem
from incidents.bulk.models import BulkAction, BulkKind, BulkStep, Outcome
from incidents.lifecycle.paging import pages_again
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import Incident, RoleAssignment
from incidents.parsing import parsed
from incidents.privacy.selectors import seen_as
from incidents.roles.services import assign_role
from incidents.timeline.actor_keys import actor_key
from incidents.validation import clean_text, invalid
from incidents.vocabulary import ResponseRole

MAX_INCIDENTS: Final = 200
KEEP_FOR: Final = timedelta(days=30)
# Fields of the incident that the three actions may change.
FIELDS: Final = (
    "status", "stage", "acknowledged_at", "acknowledged_by_id", "acknowledged_label", "mitigated_at",
    "resolved_at", "closed_at", "root_cause", "acknowledge_due_at", "update_due_at", "resolve_due_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pick:
    """One incident as the caller read it; without a `version` the current one is used."""

    number: int
    version: int | None = None


def act_on_many(
    actor: Actor, *, kind: BulkKind | str, picks: Sequence[Pick], username: str = "", message: str = ""
) -> BulkAction:
    """Acknowledge, assign or resolve 1 to 200 incidents; `steps` of the result has the outcome of each.

    One that is refused (someone else changed it first, or it does not exist) does not stop the others.
    `username` becomes the commander; empty: unassign. `message` is added to each timeline. Repeating the same
    request changes nothing twice and returns the same action; refused steps are retried, and without a
    version also those of incidents that changed since. Raises Forbidden; Invalid
    naming `kind`, `picks` or `message`.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    wanted = parsed("kind", kind, BulkKind, BulkKind)
    chosen = {pick.number: pick for pick in picks}
    if not 1 <= len(chosen) <= MAX_INCIDENTS:
        raise invalid("picks", "items", f"must be 1 to {MAX_INCIDENTS} incidents, not {len(chosen)}")
    options = {"username": username, "message": clean_text("message", message)}
    action = _requested(actor, wanted, list(chosen.values()), options)
    for pick in chosen.values():
        _try(actor, action, pick)
    return action


def _requested(actor: Actor, kind: BulkKind, picks: Sequence[Pick], options: Mapping[str, str]) -> BulkAction:
    """Return this action, created or found: the same actor, action and versions are a repeat."""
    seen = sorted((pick.number, pick.version or 0) for pick in picks)
    key = sha256(repr((actor_key(actor), kind.value, sorted(options.items()), seen)).encode()).hexdigest()
    rows = BulkAction.objects.of(actor.workspace_id)
    rows.filter(made_at__lt=timezone.now() - KEEP_FOR).delete()
    fresh = {"kind": kind, "made_by": actor_key(actor), "options": dict(options)}
    found = rows.get_or_create(workspace_id=actor.workspace_id, request_key=key, defaults=fresh)
    action: BulkAction = found[0]
    return action


def _try(actor: Actor, action: BulkAction, pick: Pick) -> None:
    try:
        with transaction.atomic():
            _do(actor, action, pick)
    except Problem as fault:
        _write(action, pick.number, outcome=Outcome.REFUSED, why=fault.detail)


def _do(actor: Actor, action: BulkAction, pick: Pick) -> None:
    before = _locked(actor, pick.number)
    is_again = action.kind == BulkKind.ACKNOWLEDGE and before is not None and pages_again(before)
    earlier = _earlier_step(action, pick.number)
    if before is not None and earlier is not None and not is_again and _is_repeat(earlier, before, pick):
        return
    changes_roles = action.kind in (BulkKind.ASSIGN, BulkKind.ACKNOWLEDGE)
    held = _held(before, ResponseRole.COMMANDER) if changes_roles else {}
    after = _run(actor, action, pick)
    if before is not None and after.version != before.version:
        _record_step(action, before, after, held)
        if earlier is not None:
            action.made_at, action.undone_at = timezone.now(), None
            action.save(update_fields=["made_at", "undone_at"])
    elif earlier is None or earlier.undo:
        same = {"outcome": Outcome.SAME, "version": after.version, "before": {}, "undo": "", "undo_why": ""}
        _write(action, pick.number, incident=after, **same)


def act_on_one(
    actor: Actor,
    *,
    kind: BulkKind,
    number: int,
    run: Callable[[], object],
    role: ResponseRole | str = ResponseRole.COMMANDER,
) -> BulkAction | None:
    """Run a service on one incident as an undoable action; None if nothing changed.

    `role`: the one it assigns. Raises what `run` raises, storing nothing.
    """
    with transaction.atomic():
        before = _locked(actor, number)
        held = _held(before, role)
        run()
        after = _locked(actor, number)
        if before is None or after is None or after.version == before.version:
            return None
        action: BulkAction = BulkAction.objects.create(
            workspace_id=actor.workspace_id, kind=kind, made_by=actor_key(actor), request_key=token_hex(32)
        )
        _record_step(action, before, after, held)
    return action


def _record_step(action: BulkAction, before: Incident, after: Incident, held: Mapping[str, Any]) -> None:
    lost = dict(held) if action.kind == BulkKind.ASSIGN else _lost(before, after)
    if action.kind == BulkKind.ACKNOWLEDGE and not held.get("user"):
        lost["commander"] = _held(after, ResponseRole.COMMANDER)["user"]
    done = {"incident": after, "outcome": Outcome.DONE, "version": after.version, "before": lost}
    _write(action, before.number, **done, why="", undo="", undo_why="")


def _locked(actor: Actor, number: int) -> Incident | None:
    rows = seen_as(actor.workspace_id, actor.viewer).filter(number=number)
    found: Incident | None = rows.select_for_update(of=("self",)).first()
    return found


def _earlier_step(action: BulkAction, number: int) -> BulkStep | None:
    """Return its step of an earlier request like this one, unless it was refused."""
    steps = BulkStep.objects.of(action.workspace_id).filter(action=action, number=number)
    found: BulkStep | None = steps.exclude(outcome=Outcome.REFUSED).first()
    return found


def _is_repeat(step: BulkStep, incident: Incident, pick: Pick) -> bool:
    """Return whether nothing is left to do: it named the version, or nothing has changed since."""
    return pick.version is not None or step.version == incident.version


def _held(incident: Incident | None, role: ResponseRole | str) -> dict[str, Any]:
    """Return the role and its holder."""
    if incident is None:
        return {}
    rows = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident, ended_at__isnull=True)
    return {"role": str(role), "user": rows.filter(role=role).values_list("user_id", flat=True).first()}


def _run(actor: Actor, action: BulkAction, pick: Pick) -> Incident:
    """Run the action. Acknowledging passes no version: a concurrent change does not matter."""
    where: dict[str, Any] = {"number": pick.number}
    username, message = action.options["username"], action.options["message"]
    if action.kind == BulkKind.ACKNOWLEDGE:
        return acknowledge_incident(actor, note=message, **where)
    where["version"] = pick.version
    if action.kind == BulkKind.ASSIGN:
        return assign_role(actor, username=username or None, **where)
    return resolve_incident(actor, message=message, **where)


def _lost(before: Incident, after: Incident) -> dict[str, Any]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in FIELDS)
    return {name: _json(old) for name, old, new in pairs if old != new}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _write(action: BulkAction, number: int, **facts: Any) -> None:
    BulkStep.objects.of(action.workspace_id).update_or_create(
        workspace_id=action.workspace_id, action=action, number=number, defaults=facts
    )
