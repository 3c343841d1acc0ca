"""Compares stored measures with their incidents, and corrects those that differ."""

from __future__ import annotations

from django.db import connection

from incidents.lifecycle.measure_sql import REPAIR, WRONG


def wrong_measures(workspace_id: int | None = None) -> list[int]:
    """Return ids of the incidents whose measures are missing or differ, of one workspace or of all."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG, [workspace_id])
        return sorted(row[0] for row in cursor.fetchall())


def rewrite_measures(workspace_id: int | None = None) -> int:
    """Write measures that are missing or differ; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(REPAIR, [workspace_id])
        return int(cursor.rowcount)
