"""Response load of each person, also at night and on weekends of their own time zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import User
from incidents.models import Incident, RoleAssignment

NIGHT_FROM, NIGHT_UNTIL = 22, 7  # local hours
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Load:
    """One person: incidents they acknowledged or held a role in, and how long they held roles."""

    username: str
    label: str
    incidents: int
    at_night: int
    on_weekends: int
    held: timedelta


@dataclass
class Work:
    """Collected data of one person: the first moment of each incident, and spans of roles."""

    first: dict[int, datetime] = field(default_factory=dict)
    spans: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, incident_id: int, at: datetime) -> None:
        self.first[incident_id] = min(at, self.first.get(incident_id, at))


def load_of(workspace_id: int, incidents: QuerySet[Incident], now: datetime) -> list[Load]:
    """Return load by person, most incidents first.

    An incident counts as a night's if their part began then.
    """
    work = work_of(workspace_id, incidents, now)
    people = User.objects.in_bulk(list(work))
    made = [_load(people[pk], one) for pk, one in work.items() if pk in people]
    return sorted(made, key=lambda one: (-one.incidents, one.username))


def work_of(workspace_id: int, incidents: QuerySet[Incident], now: datetime) -> dict[int, Work]:
    """Return by user id what each person did in these incidents."""
    work: dict[int, Work] = defaultdict(Work)
    acknowledged = incidents.exclude(acknowledged_by=None).exclude(acknowledged_at=None)
    for pk, user_id, at in acknowledged.values_list("pk", "acknowledged_by_id", "acknowledged_at"):
        if user_id is not None and at is not None:
            work[user_id].begin(pk, at)
    roles = RoleAssignment.objects.of(workspace_id).filter(incident__in=incidents.values("pk"))
    names = ("incident_id", "user_id", "assigned_at", "ended_at", "incident__resolved_at")
    for pk, user_id, start, ended, resolved in roles.values_list(*names):
        end = min(one for one in (ended, resolved, now) if one is not None)
        work[user_id].begin(pk, start)
        work[user_id].spans[pk].append((start, max(start, end)))
    return work


def _load(user: Any, work: Work) -> Load:
    zone = ZoneInfo(user.time_zone)
    local = [at.astimezone(zone) for at in work.first.values()]
    return Load(
        username=user.username,
        label=user.label,
        incidents=len(local),
        at_night=sum(1 for at in local if is_night(at)),
        on_weekends=sum(1 for at in local if is_weekend(at)),
        held=sum((covered(spans) for spans in work.spans.values()), timedelta()),
    )


def is_night(at: datetime) -> bool:
    """Return whether a local time is between 22:00 and 07:00. Pure."""
    return at.hour >= NIGHT_FROM or at.hour < NIGHT_UNTIL


def is_weekend(at: datetime) -> bool:
    """Return whether a local time is on a Saturday or Sunday. Pure."""
    return at.weekday() >= _SATURDAY


def covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """Return the length of the union of the spans: two simultaneous roles count once. Pure."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
        reached = end if reached is None else max(reached, end)
    return total
