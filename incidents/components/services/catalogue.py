"""Creates components when first named and marks them as affected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, LiteralString

from core.sql.prepared import Result, pipelined, send, write
from incidents.models import AffectedComponent, Component
from incidents.validation import NAME_LENGTH, fit

_KNOWN: Final[LiteralString] = (
    "select name, id from incidents_component where workspace_id = %s::bigint and name = any(%s::text[])"
)
# Selected first: an insert that conflicts waits for a concurrent change of that component.
_IS_NEW: Final[LiteralString] = """
not exists (select from incidents_component c where c.workspace_id = x.workspace_id and c.name = x.name)
"""
_MARKED: Final[LiteralString] = """
select a.incident_id, c.name
  from incidents_affectedcomponent a join incidents_component c on c.id = a.component_id
 where a.workspace_id = %s::bigint and a.incident_id = any(%s::bigint[])
"""


def component_ids(workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """Return name -> id of every named component, creating missing ones: two statements.

    Names are truncated to 200 characters; the keys are the names as given.
    """
    wanted = list(names)
    if not wanted:
        return {}
    with pipelined():
        return request_component_ids(workspace_id, wanted)()


def request_component_ids(workspace_id: int, names: Iterable[str]) -> Callable[[], dict[str, int]]:
    """`component_ids`, sent without waiting for the result."""
    fitted = {name: fit_name for name in names if (fit_name := fit(name, NAME_LENGTH))}
    wanted = sorted({*fitted.values()})
    if not wanted:
        return dict
    new = [Component(workspace_id=workspace_id, name=name) for name in wanted]
    write(new, where=_IS_NEW, on_conflict="do nothing")
    result = send(_KNOWN, [workspace_id, wanted])

    def ids() -> dict[str, int]:
        known = dict(result.rows())
        return {name: known[fit_name] for name, fit_name in fitted.items()}

    return ids


def mark_affected(
    workspace_id: int, touched: Iterable[tuple[int, str]], ids: Mapping[str, int] | None = None
) -> None:
    """Mark (incident id, component name) pairs affected; those already marked keep their impact.

    `ids` are those of the components if the caller has them.
    """
    pairs = sorted(set(touched))
    if not pairs:
        return
    known = component_ids(workspace_id, {name for _, name in pairs}) if ids is None else ids
    write(
        [
            AffectedComponent(workspace_id=workspace_id, incident_id=incident_id, component_id=known[name])
            for incident_id, name in pairs
            if name in known
        ],
        on_conflict="do nothing",
    )


def marked_on(workspace_id: int, incident_ids: Sequence[int]) -> Result:
    """Query which (incident id, component name) pairs are already marked."""
    return send(_MARKED, [workspace_id, incident_ids])
