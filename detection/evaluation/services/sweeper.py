"""Re-checks each rule at its check interval."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.utils import timezone

from detection.evaluation import windows
from detection.evaluation.findings import TouchedGroup
from detection.evaluation.services.evaluate import evaluate
from detection.models import DetectionRule, QuarantinedRequest, RequestOutcome, SourceAlert, SourceTally

TALLY_RETENTION = timedelta(days=8)
OUTCOME_RETENTION = timedelta(days=1)
# An update of an alert resolved for longer than this starts a new one; its incidents are found by
# fingerprint.
ALERT_RETENTION = timedelta(days=30)
MAX_GROUPS = 500  # evaluated at once, as the rest of the workspace waits meanwhile
ONE_SECOND = Value(timedelta(seconds=1), output_field=DurationField())


def sweep_due(*, limit: int = 200) -> int:
    """Sweep the rules whose interval has passed; returns how many. Workers share them."""
    swept = 0
    while swept < limit and _sweep_next():
        swept += 1
    return swept


def _sweep_next() -> bool:
    """Sweep the rule that waited longest, `MAX_GROUPS` groups per transaction; False when none is due.

    Groups missed by a crash are swept after the next interval.
    """
    now = timezone.now()
    due_at = ExpressionWrapper(
        F("last_swept_at") + F("check_interval_seconds") * ONE_SECOND, output_field=DateTimeField()
    )
    due = Q(last_swept_at=None) | Q(due_at__lte=now)
    with transaction.atomic():
        rules = DetectionRule.across_workspaces.annotate(due_at=due_at).filter(due, enabled=True)
        rule = (
            rules.order_by(F("last_swept_at").asc(nulls_first=True))
            .select_for_update(skip_locked=True, no_key=True)  # findings may refer to the rule meanwhile
            .first()
        )
        if rule is None:
            return False
        DetectionRule.across_workspaces.filter(pk=rule.pk).update(last_swept_at=now)
    pairs = _active_groups(rule, now)
    for first in range(0, len(pairs), MAX_GROUPS):
        with transaction.atomic():
            evaluate(now, pairs=pairs[first : first + MAX_GROUPS])
    return True


def _active_groups(rule: DetectionRule, now: datetime) -> list[TouchedGroup]:
    since = now - timedelta(seconds=rule.time_window_seconds)
    with connection.cursor() as cursor:
        cursor.execute(
            windows.ACTIVE_GROUPS, {"workspace": rule.workspace_id, "rule": rule.pk, "since": since}
        )
        return [TouchedGroup(rule.workspace_id, rule.pk, group, since, now) for (group,) in cursor.fetchall()]


def forget_requests(now: datetime) -> int:
    """Delete expired data of sources: quarantined requests, tallies, outcomes, alerts long over.

    Returns how many rows.
    """
    expired, _ = QuarantinedRequest.across_workspaces.filter(expires_at__lte=now).delete()
    old, _ = SourceTally.across_workspaces.filter(hour__lt=now - TALLY_RETENTION).delete()
    outcomes, _ = RequestOutcome.across_workspaces.filter(processed_at__lt=now - OUTCOME_RETENTION).delete()
    over = SourceAlert.across_workspaces.filter(state=SourceAlert.State.RESOLVED)
    quiet, _ = over.filter(updated_at__lt=now - ALERT_RETENTION).delete()
    return expired + old + outcomes + quiet
