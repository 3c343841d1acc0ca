"""Sort columns of lists, all computed by the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models import Case, F, Func, Value, When
from django.db.models.functions import Coalesce, Least

from incidents.vocabulary import SEVERITY_RANK, UNRESOLVED, Severity, Status

# An unresolved incident sorts as if it ended then: longer than any that is over, the oldest the longest.
NEVER: Final = datetime(3000, 1, 1, tzinfo=UTC)
COMMANDER_CHARS: Final = 32  # enough to sort names, short enough for a cursor; as in the triggers
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _generated(expression: Any, field: models.Field[Any, Any]) -> Any:
    return models.GeneratedField(expression=expression, output_field=field, db_persist=True)


def weight_of(severity: Severity) -> int:
    """Return 1 for the mildest, 4 for the worst, so that every sort key is descending like the times."""
    return 5 - SEVERITY_RANK[severity]


def weight() -> Any:
    """Return the expression of `weight_of`."""
    ranks = [When(severity=severity.value, then=Value(weight_of(severity))) for severity in Severity]
    return _generated(Case(*ranks, default=Value(0)), models.SmallIntegerField())


def active_minute() -> Any:
    """Return the minute of the last event, else of the detection.

    A key that changed with every counted event would make PostgreSQL update all indexes of the row each time.
    """
    last = Coalesce(F("last_event_at"), F("detected_at"))
    minute = Func(Value(timedelta(minutes=1)), last, Value(_ORIGIN), function="date_bin")
    return _generated(minute, models.DateTimeField())


def lasted() -> Any:
    """Return the duration from detection to resolution."""
    ended = Coalesce(F("resolved_at"), Value(NEVER), output_field=models.DateTimeField())
    return _generated(ended - F("detected_at"), models.DurationField())


def openness() -> Any:
    """Return 6 for open down to 1 for closed."""
    ranks = [When(status=status.value, then=Value(rank)) for rank, status in enumerate(reversed(Status), 1)]
    return _generated(Case(*ranks, default=Value(0)), models.SmallIntegerField())


def next_due() -> Any:
    """Return the next SLA deadline: to acknowledge, then the sooner of update and resolution.

    Else `NEVER`.
    """
    update_or_resolve = Least(F("update_due_at"), F("resolve_due_at"))  # PostgreSQL ignores the null one
    ended_or_acknowledged = [
        When(~models.Q(status__in=[status.value for status in UNRESOLVED]), then=Value(NEVER)),
        When(acknowledged_at=None, then=F("acknowledge_due_at")),
    ]
    due = Case(*ended_or_acknowledged, default=update_or_resolve, output_field=models.DateTimeField())
    return _generated(Coalesce(due, Value(NEVER)), models.DateTimeField())


def commander_key() -> Any:
    """Return the commander's name in lower case, truncated; empty without one, which sorts first."""
    return models.CharField(
        max_length=COMMANDER_CHARS, db_default="", default="", editable=False, db_collation="C"
    )


# A trigger of role assignments: the key follows the current commander of the changed row's incident.
COMMANDER_FOLLOWS: Final = """
    UPDATE incidents_incident i SET commander_key = k.key
      FROM (SELECT coalesce((
              SELECT left(lower(coalesce(nullif(u.display_name, ''), u.username)), 32)
                FROM incidents_roleassignment r JOIN accounts_user u ON u.id = r.user_id
               WHERE r.incident_id = NEW.incident_id AND r.role = 'commander' AND r.ended_at IS NULL
            ), '') AS key) k
     WHERE i.id = NEW.incident_id AND i.commander_key <> k.key;
    RETURN NULL;
"""
