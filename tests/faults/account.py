"""The account of a burst, compared with the database: lost, duplicated, miscounted or undelivered."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.faults.burst import Burst
from tests.faults.running import Running

EVENTS = """
select count(*), count(distinct event_id),
       count(*) filter (where not exists (select 1 from detection_incident_event l
         where l.workspace_id = e.workspace_id and l.event_id = e.id))
  from detection_event e where event_id like %s
"""
INCIDENTS = """
select count(*), coalesce(sum(n - 1), 0) from (
  select e.source, count(distinct l.incident_id) n from detection_event e
    join detection_incident_event l on l.workspace_id = e.workspace_id and l.event_id = e.id
   where e.event_id like %s group by 1) of_one
"""
MISCOUNTED = """
select count(*) from incidents_incident i where i.event_count <>
  (select count(*) from detection_incident_event l where l.incident_id = i.id)
"""
UNSETTLED = "select count(*) from core_outboxdispatch where state <> 'done'"


@dataclass
class Account:
    """What one round came to. `uncounted`: stored, but on no incident."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    uncounted: int = 0
    incidents: int = 0
    incidents_lost: int = 0
    incidents_doubled: int = 0
    incidents_miscounted: int = 0
    undelivered: int = 0

    def is_right(self) -> bool:
        """Nothing is missing and nothing is there twice."""
        ignored = {"acknowledged", "incidents"}
        return not any(getattr(self, field.name) for field in fields(self) if field.name not in ignored)

    def add(self, other: Account) -> None:
        """Sum up."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def account(burst: Burst, tocsin: Running) -> Account:
    """Held against the database, which is the truth."""
    like, wanted = f"{burst.name}-%", burst.services * burst.each
    stored, different, uncounted = tocsin.row(EVENTS, like)
    incidents, doubled = tocsin.row(INCIDENTS, like)
    return Account(
        acknowledged=wanted,
        lost=wanted - different,
        doubled=stored - different,
        uncounted=uncounted,
        incidents=incidents,
        incidents_lost=burst.services - incidents,
        incidents_doubled=int(doubled),
        incidents_miscounted=tocsin.row(MISCOUNTED)[0],
        undelivered=tocsin.row(UNSETTLED)[0],
    )
