"""Whether detection keeps up: told by the age of what it has to look at, whoever is to blame."""

from __future__ import annotations

from typing import Final

from django.db import connection

from core.health import LAG_LATE_S, Finding, health_check, waiting

OLDEST: Final = "select min(created_at) from detection_outbox"


@health_check("detection", "Detection", asks="database")
def _detection() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        since = cursor.fetchone()[0]
    advice = "Look at the log of the worker of the queue detection. Events are kept; incidents open late."
    return waiting("event to be looked at", since, LAG_LATE_S, advice)
