"""The part of the dependency graph below some components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, LiteralString

from core.sql.prepared import rows

MAX_EDGES: Final = 5_000
# `union` drops duplicates, so a cycle ends.
_BELOW: Final[LiteralString] = """
with recursive below(id) as (
  select id from incidents_component where workspace_id = %s::bigint and name = any(%s::text[])
  union
  select d.to_component_id from below b
    join incidents_component_depends_on d on d.from_component_id = b.id)
select c.name, n.name from below b
  join incidents_component_depends_on d on d.from_component_id = b.id
  join incidents_component c on c.id = b.id
  join incidents_component n on n.id = d.to_component_id and n.workspace_id = c.workspace_id
 limit %s::int
"""


def names_it_depends_on(workspace_id: int, names: Iterable[str]) -> Mapping[str, set[str]]:
    """Return name -> direct dependencies, for these components and everything below them. One statement."""
    edges: dict[str, set[str]] = {}
    for name, needed in rows(_BELOW, [workspace_id, sorted(names), MAX_EDGES]):
        edges.setdefault(name, set()).add(needed)
    return edges
