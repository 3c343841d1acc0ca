"""Workspaces with people and as many incidents as a goal needs, written by one statement."""

from __future__ import annotations

import itertools
from typing import Final

from django.db import connection

from accounts.actor import Actor
from accounts.models import Membership, Role, User, Workspace
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident

_numbers = itertools.count(1)
INCIDENTS: Final = """
    'number', r.number + n, 'title', 'Incident ' || n || ' of the checkout',
    'severity', 'sev' || (1 + n %% 4),
    'incident_type', (array['error_burst', 'service_down', 'deadlock'])[1 + n %% 3],
    'status', case when n %% 50 = 0 then 'open' else 'resolved' end,
    'started_at', now() - n * every - interval '3 min', 'detected_at', now() - n * every,
    'acknowledged_at', now() - n * every + (n %% 900) * interval '1 s',
    'resolved_at', case when n %% 50 > 0 then now() - n * every + (n %% 9000) * interval '1 s' end
"""
COLUMNS: Final = """
select string_agg(quote_ident(column_name), ', ' order by ordinal_position) from information_schema.columns
 where table_schema = current_schema() and table_name = %s and is_generated = 'NEVER' and column_name <> 'id'
"""


def copies(table: str, pk: int, count: int, changed: str) -> None:
    """Copy a row, each copy with what is `changed`: pairs for `json_build_object`, `n` is its number."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        [columns] = cursor.fetchone()
        query = f"""
            insert into {table} ({columns}) select {columns} from (
              select (json_populate_record(r, json_build_object({changed}))).*
                from {table} r, generate_series(1, %s) n, lateral (select interval '730 days' / %s as every) e
               where r.id = %s) made"""
        cursor.execute(query, [count, count, pk])
        cursor.execute(f"analyze {table}")


def people(workspace: Workspace, count: int) -> list[Actor]:
    """Create managers of a workspace."""
    made = []
    for _ in range(count):
        user = User.objects.create_user(name := f"bench{next(_numbers)}", f"{name}@example.test")
        Membership.objects.create(workspace=workspace, user=user, role=Role.MANAGER)
        made.append(Actor(workspace.pk, "user", user.username, user.pk, Role.MANAGER))
    return made


def workspace() -> Workspace:
    """Create a workspace."""
    number = next(_numbers)
    return Workspace.objects.create(slug=f"bench-{number}", name=f"Bench {number}")


def incident(actor: Actor, title: str = "Checkout returns 502") -> Incident:
    """Declare an incident."""
    return declare_incident(actor, title=title, severity="sev2")


def many_incidents(actor: Actor, count: int) -> Incident:
    """Create that many incidents of two years besides the first, which is returned."""
    first = incident(actor)
    copies("incidents_incident", first.pk, count, INCIDENTS)
    return first
