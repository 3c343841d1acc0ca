"""Components: known from first sight, and touched by incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, LiteralString

from core.hot_sql import insert, rows
from incidents.models import AffectedComponent, Component
from incidents.texts import NAME_LENGTH, fit

_KNOWN: Final[LiteralString] = (
    "select name, id from incidents_component where workspace_id = %s::bigint and name = any(%s::text[])"
)
_MARKED: Final[LiteralString] = """
select a.incident_id, c.name
  from incidents_affectedcomponent a join incidents_component c on c.id = a.component_id
 where a.workspace_id = %s::bigint and a.incident_id = any(%s::bigint[])
"""


def component_ids(workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """Name -> id of every named component, new ones made: at most three statements.

    Names are made to fit 200 characters; the keys are the names as given.
    """
    fitted = {name: fit(name, NAME_LENGTH) for name in names}
    wanted = sorted(set(fitted.values()) - {""})
    known = _known(workspace_id, wanted)
    missing = [name for name in wanted if name not in known]
    if missing:
        insert(
            [Component(workspace_id=workspace_id, name=name) for name in missing], on_conflict="do nothing"
        )
        known |= _known(workspace_id, missing)
    return {name: known[fit_name] for name, fit_name in fitted.items() if fit_name}


def _known(workspace_id: int, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    return dict(rows(_KNOWN, [workspace_id, names]))


def mark_affected(workspace_id: int, touched: Iterable[tuple[int, str]]) -> None:
    """Mark (incident id, component name) pairs affected; those already marked keep their impact."""
    pairs = sorted(set(touched))
    if not pairs:
        return
    ids = component_ids(workspace_id, [name for _, name in pairs])
    insert(
        [
            AffectedComponent(workspace_id=workspace_id, incident_id=incident_id, component_id=ids[name])
            for incident_id, name in pairs
            if name in ids
        ],
        on_conflict="do nothing",
    )


def unmarked(workspace_id: int, touched: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those pairs that are not marked yet: one statement, and nothing more to do on the common path."""
    pairs = set(touched)
    marked = rows(_MARKED, [workspace_id, sorted({incident_id for incident_id, _ in pairs})])
    return pairs - set(marked)
