"""Inserts rules directly into the database, since only their cost at ingest is measured."""

from __future__ import annotations

from dataclasses import dataclass

from bench.harness.tocsin import Tocsin

OFF = "update detection_detectionrule set enabled = false"
INSERT = """
insert into detection_detectionrule (
  workspace_id, rule_id, name, description, incident_type, severity, event_types, minimum_level, sources,
  message_pattern, group_by, error_threshold, time_window_seconds, check_interval_seconds,
  require_consecutive, min_components_affected, cooldown_seconds, enabled, dry_run, is_builtin, version)
select w.id, %(name)s::text || '-' || i, %(name)s::text || ' ' || i, '', 'error_burst', 'sev3',
  case when %(event_type)s::text = '' then '{}' else array[replace(%(event_type)s, '#', i::text)] end,
  %(level)s, '{}', '', 'source', %(threshold)s, %(window)s, 60, false, 1, 0, true, false, false, 1
from (select id from accounts_workspace order by id limit 1) w, generate_series(1, %(count)s) i
"""


@dataclass(frozen=True, slots=True)
class RuleShape:
    """Rules grouped by source; a `#` in the event type becomes each rule's ordinal, "" matches any type.

    `level` is the minimum rank (0 debug to 5 fatal), `window` is in seconds.
    """

    name: str
    event_type: str
    threshold: int
    window: int
    level: int = 0
    count: int = 1


def switch_all_off(tocsin: Tocsin) -> None:
    """Disable all rules, so that only storage is measured."""
    tocsin.execute(OFF)


def add_rules(tocsin: Tocsin, shape: RuleShape) -> None:
    """Insert `shape.count` enabled rules; every web process loads them within a quarter of a second."""
    values = {
        "name": shape.name,
        "event_type": shape.event_type,
        "level": shape.level,
        "threshold": shape.threshold,
        "window": shape.window,
        "count": shape.count,
    }
    with tocsin.connect() as connection:
        connection.execute(INSERT, values)
