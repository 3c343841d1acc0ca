"""Resolves the targets of a step to people and channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import Membership, User, Workspace
from accounts.oncall.selectors import on_call_at
from incidents.drills.selectors import people_in_drill
from incidents.models import AffectedComponent, Incident, RoleAssignment
from notifications.channels.models import Channel
from notifications.escalation.plan import INCIDENT_ROLES, Target


@dataclass(slots=True)
class ResolvedTargets:
    """People by id with the reason, channels by id, and the targets that name no one.

    `silent`: channels that are named and get nothing, since they are off or deleted, or the incident private.
    """

    people: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)
    silent: dict[int, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.people or self.channels)


def reached_by(incident: Incident, targets: Iterable[Target], *, now: datetime) -> ResolvedTargets:
    """Resolve targets to active members and channels.

    Drills page only participants (all of them if no target is one) and drill channels.
    """
    found = ResolvedTargets()
    for target in targets:
        if target.kind == "channel":
            _add_channel(incident, target.id or 0, found)
            continue
        people = members_only(incident.workspace_id, _people(incident, target, now))
        words = target_words(target)
        if not people:
            found.empty.append(words)
        for person in people:
            found.people.setdefault(person.pk, words)
            found.labels[person.pk] = person.label
    if incident.is_drill:
        _keep_participants(incident, found)
    return found


def schedule_of(incident: Incident) -> int | None:
    """The schedule of the affected component with the highest tier, else the workspace default."""
    touched = AffectedComponent.objects.of(incident.workspace_id).filter(incident=incident)
    owned = touched.filter(component__schedule__isnull=False).order_by("component__tier", "id")
    found: int | None = owned.values_list("component__schedule_id", flat=True).first()
    if found is not None:
        return found
    default = Workspace.objects.filter(pk=incident.workspace_id)
    return default.values_list("default_schedule_id", flat=True).first()


def members_only(workspace_id: int, people: Iterable[User]) -> list[User]:
    """The active members among them, deduplicated, in order."""
    wanted = {person.pk: person for person in people if person.is_active}
    members = Membership.objects.of(workspace_id).filter(user_id__in=wanted)
    known = set(members.values_list("user_id", flat=True))
    return [person for pk, person in wanted.items() if pk in known]


def with_role(workspace_id: int, *roles: str) -> list[User]:
    """The active members with one of these workspace roles."""
    members = Membership.objects.of(workspace_id).filter(role__in=roles, user__is_active=True)
    return [one.user for one in members.select_related("user").order_by("id")[:200]]


def target_words(target: Target) -> str:
    """A target in words: "on call", "commander", "person"."""
    if target.kind == "role":
        return target.role.replace("_", " ")
    return {"on_call": "on call", "user": "named in the policy", "channel": "channel"}[target.kind]


def _people(incident: Incident, target: Target, now: datetime) -> list[User]:
    workspace_id = incident.workspace_id
    if target.kind == "role" and target.role in INCIDENT_ROLES:
        held = RoleAssignment.objects.of(workspace_id).filter(incident=incident, ended_at=None)
        return [one.user for one in held.filter(role=target.role).select_related("user")]
    needs_schedule = target.kind == "on_call" and target.id is None
    return named_by(workspace_id, target, schedule_of(incident) if needs_schedule else target.id, now)


def named_by(workspace_id: int, target: Target, schedule_id: int | None, now: datetime) -> list[User]:
    """Members named by a target other than an incident role; on call: of that schedule."""
    if target.kind == "user":
        return list(User.objects.filter(pk=target.id or 0))
    if target.kind == "on_call":
        return on_call_at(workspace_id, schedule_id, now)
    return [] if target.role in INCIDENT_ROLES else with_role(workspace_id, target.role)


def _add_channel(incident: Incident, channel_id: int, found: ResolvedTargets) -> None:
    """Add it, unless it is for drills and the incident is none, or the other way round."""
    rows = Channel.objects.of(incident.workspace_id).filter(pk=channel_id)
    is_on, is_for_drills = rows.values_list("is_enabled", "is_for_drills").first() or (
        False,
        incident.is_drill,
    )
    if is_for_drills != incident.is_drill:
        return
    if is_on and not incident.is_private:
        found.channels[channel_id] = "channel of the policy"
        return
    found.silent[channel_id] = "channel of the policy"
    why = "private incidents are not told to channels" if incident.is_private else "its channel is disabled"
    if why not in found.empty:
        found.empty.append(why)


def _keep_participants(incident: Incident, found: ResolvedTargets) -> None:
    """Keep only participants of the drill; if none is named, page all participants."""
    joined = people_in_drill(incident.workspace_id, incident.pk)
    named = {pk: why for pk, why in found.people.items() if pk in joined}
    if not named:
        people = members_only(incident.workspace_id, User.objects.filter(pk__in=joined).order_by("pk"))
        found.labels |= {person.pk: person.label for person in people}
        named = {person.pk: "takes part in the drill" for person in people}
    found.people = named
