"""Reports the reachability of every policy of a workspace for the next 14 days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from accounts.actor import Actor
from accounts.models import Membership, OnCallShift, User, Workspace
from accounts.oncall.selectors import spans_from
from accounts.oncall.turns import Span
from accounts.permissions import Capability, require
from incidents.models import Component
from notifications.contacts.ways import ways_of
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.plan import timetable
from notifications.escalation.reachability import People, Report, report
from notifications.escalation.state import plan_of

AHEAD: Final = timedelta(days=14)
# What `reports_of` reads. Of the shifts, which are many, counts and newest changes.
_INPUTS: Final = """
select row(
    (select sum(hashtextextended(row(id, name, is_enabled, repeat, components)::text, 0))
       from notifications_escalationpolicy),
    (select sum(hashtextextended(row(policy_id, "position", wait_s, targets)::text, 0))
       from notifications_escalationstep),
    (select sum(hashtextextended(
         row(m.workspace_id, m.user_id, m.role, u.is_active, u.address_proven_at)::text, 0))
       from accounts_membership m join accounts_user u on u.id = m.user_id),
    (select sum(hashtextextended(row(workspace_id, user_id, kind, verified_at)::text, 0))
       from notifications_contactmethod),
    (select sum(hashtextextended(row(id, name, tier, schedule_id)::text, 0))
       from incidents_component where schedule_id is not null),
    (select sum(hashtextextended(row(id, default_schedule_id)::text, 0)) from accounts_workspace),
    (select row(count(*), max(id)) from accounts_oncallschedule),
    (select row(count(*), max(s.id), max(s.changed_at))
       from accounts_workspace w join accounts_oncallshift s on s.workspace_id = w.id where s.ends_at > now())
)::text
"""


def reachability_of(actor: Actor, *, now: datetime) -> list[Report]:
    """A report on each enabled policy, by name. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    return reports_of(actor.workspace_id, now=now)


def reports_of(workspace_id: int, *, now: datetime) -> list[Report]:
    """The same for health checks, which have no actor."""
    policies = EscalationPolicy.objects.of(workspace_id).filter(is_enabled=True).prefetch_related("steps")
    people = _people(workspace_id, now)
    return [
        report(plan_of(policy), _own_schedule(policy), people, start=now, end=now + AHEAD)
        for policy in policies.order_by("name", "id")[:200]
    ]


def inputs_fingerprint() -> str:
    """A text that changes with anything that the reports of any workspace depend on, except the time."""
    with connection.cursor() as cursor:
        cursor.execute(_INPUTS)
        return str(cursor.fetchone()[0])


def labels_of(actor: Actor) -> dict[int, str]:
    """The names of the members, by id. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    people = User.objects.filter(memberships__workspace_id=actor.workspace_id)
    return {person.pk: person.label for person in people[:2000]}


def _people(workspace_id: int, now: datetime) -> People:
    longest = max(
        (
            due.at_s
            for policy in EscalationPolicy.objects.of(workspace_id).prefetch_related("steps")
            for due in timetable(plan_of(policy))
        ),
        default=0,
    )
    until = now + AHEAD + timedelta(seconds=longest)
    members = Membership.objects.of(workspace_id).filter(user__is_active=True)
    roles: dict[str, list[int]] = {}
    for user_id, role in members.order_by("id").values_list("user_id", "role"):
        roles.setdefault(role, []).append(user_id)
    active = {pk for ids in roles.values() for pk in ids}
    shifts: dict[int, list[Span]] = {}
    rows = OnCallShift.objects.of(workspace_id).filter(ends_at__gt=now, starts_at__lt=until)
    for shift in rows.filter(user_id__in=active).order_by("starts_at", "id")[:20_000]:
        shifts.setdefault(shift.schedule_id, []).extend(spans_from([shift]))
    methods = {pk: tuple(way.name for way in ways) for pk, ways in ways_of(workspace_id).items()}
    return People(shifts, roles, methods)


def _own_schedule(policy: EscalationPolicy) -> int | None:
    """The schedule of the policy's component of the highest tier, else the default one."""
    named = Component.objects.of(policy.workspace_id).filter(name__in=policy.components)
    found: int | None = (
        named.filter(schedule__isnull=False)
        .order_by("tier", "id")
        .values_list("schedule_id", flat=True)
        .first()
    )
    if found is not None:
        return found
    default = Workspace.objects.filter(pk=policy.workspace_id)
    return default.values_list("default_schedule_id", flat=True).first()
