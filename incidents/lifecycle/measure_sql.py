"""SQL that writes the measures of an incident, for triggers, rebuild and comparison. Pure."""

from __future__ import annotations

from typing import Final, LiteralString

TABLE: Final[LiteralString] = "incidents_incidentmeasure"
# Columns of an incident that its measures depend on.
SOURCES: Final = (
    "workspace_id", "severity", "incident_type", "category", "status", "is_drill", "is_private",
    "merged_into_id", "started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at",
)  # fmt: skip
COLUMNS: Final[LiteralString] = (
    "incident_id, workspace_id, severity, incident_type, category, status, is_drill, is_private, is_merged,"
    " started_at, detected_at, resolved_at, to_detect, to_acknowledge, to_mitigate, to_resolve"
)
# Durations are whole microseconds, as exact as the times themselves.
VALUES_OF_NEW: Final[LiteralString] = (
    "NEW.id, NEW.workspace_id, NEW.severity, NEW.incident_type, NEW.category, NEW.status, NEW.is_drill,"
    " NEW.is_private, NEW.merged_into_id IS NOT NULL, NEW.started_at, NEW.detected_at, NEW.resolved_at,"
    " (extract(epoch FROM NEW.detected_at - NEW.started_at) * 1000000)::bigint,"
    " (extract(epoch FROM NEW.acknowledged_at - NEW.detected_at) * 1000000)::bigint,"
    " (extract(epoch FROM NEW.mitigated_at - NEW.detected_at) * 1000000)::bigint,"
    " (extract(epoch FROM NEW.resolved_at - NEW.detected_at) * 1000000)::bigint"
)
_UPSERT: Final[LiteralString] = (
    " ON CONFLICT (incident_id) DO UPDATE SET workspace_id = excluded.workspace_id,"
    " severity = excluded.severity, incident_type = excluded.incident_type, category = excluded.category,"
    " status = excluded.status, is_drill = excluded.is_drill, is_private = excluded.is_private,"
    " is_merged = excluded.is_merged, started_at = excluded.started_at, detected_at = excluded.detected_at,"
    " resolved_at = excluded.resolved_at, to_detect = excluded.to_detect,"
    " to_acknowledge = excluded.to_acknowledge, to_mitigate = excluded.to_mitigate,"
    " to_resolve = excluded.to_resolve, changed_at = excluded.changed_at"
)
MEASURE_FOLLOWS: Final[LiteralString] = " ".join(
    (
        "INSERT INTO", TABLE, "(", COLUMNS, ", changed_at) VALUES (", VALUES_OF_NEW, ", clock_timestamp())",
        _UPSERT, "; RETURN NULL;",
    )
)  # fmt: skip
HAS_CHANGED: Final = (
    f"(({', '.join(f'OLD.{name}' for name in SOURCES)})"
    f" IS DISTINCT FROM ({', '.join(f'NEW.{name}' for name in SOURCES)}))"
)
# All incidents whose measures are missing or differ; the parameter is a workspace, or null for all.
WRONG: Final[LiteralString] = " ".join(
    (
        "SELECT w.* FROM incidents_incident NEW CROSS JOIN LATERAL (SELECT", VALUES_OF_NEW, ") w(", COLUMNS,
        ") LEFT JOIN (SELECT", COLUMNS, "FROM", TABLE, ") m ON m.incident_id = NEW.id",
        "WHERE NEW.workspace_id = coalesce(%s, NEW.workspace_id) AND m.* IS DISTINCT FROM w.*",
    )
)  # fmt: skip
REPAIR: Final[LiteralString] = " ".join(
    (
        "INSERT INTO", TABLE, "(", COLUMNS, ", changed_at) SELECT wrong.*, clock_timestamp() FROM (", WRONG,
        ") wrong", _UPSERT,
    )
)  # fmt: skip
