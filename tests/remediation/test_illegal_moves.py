"""Every move that the table does not name, of a run in every state: PostgreSQL refuses each one."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from remediation.runs.models import RemediationRun
from remediation.runs.services.proposing import Request, request_run
from remediation.vocabulary import MOVES, RunState

pytestmark = pytest.mark.django_db


def path_to(state):
    """Legal moves from `awaiting_approval` to a state."""
    paths, seen = [[RunState.AWAITING_APPROVAL]], set()
    while paths:
        path = paths.pop(0)
        if path[-1] == state:
            return path[1:]
        seen.add(path[-1])
        paths += [[*path, after] for before, after in MOVES if before == path[-1] and after not in seen]
    return None


@pytest.mark.parametrize("state", [one for one in RunState if path_to(one) is not None])
def test_database_refuses_every_move_outside_the_table(incident, actor, connect, state):
    connect("rollback_deployment")
    run = request_run(actor, incident.number, Request("rollback_deployment"))
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    for step in path_to(state):
        rows.update(state=step)
    for wanted in RunState:
        if wanted != state and (state, wanted) not in MOVES:
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(state=wanted)
    assert rows.get().state == state


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("risk", "low"), ("target_key", "other"), ("digest", "0" * 64), ("snapshot", "{}"),
        ("is_drill", True), ("incident_id", 0), ("action_id", 0), ("workspace_id", 0),
    ],
    ids=lambda one: str(one)[:12],
)  # fmt: skip
def test_database_lets_no_fact_of_a_run_change(incident, actor, connect, column, value):
    connect("rollback_deployment")
    run = request_run(actor, incident.number, Request("rollback_deployment"))
    table, name = RemediationRun._meta.db_table, connection.ops.quote_name(column)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"update {table} set {name} = %s where id = %s", [value, run.pk])


def test_proposed_is_reached_by_no_move():
    """So every state but the two first ones is on a path that starts with an approval, or a proposal."""
    assert path_to(RunState.PROPOSED) is None
