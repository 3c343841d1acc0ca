"""Exit criteria evaluated from stored events: error rate, repeats, successes, response times."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, LiteralString

from django.db.models import Q

from core.sql.prepared import rows
from detection.evaluation.error_share import MIN_EVENTS, ErrorShare, share_of_minutes
from detection.models import Level, SourceAlert
from incidents.models import IncidentEvidence
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured

MAX_ERROR_PERCENT: Final = 1.0
MAX_EVENTS: Final = 200_000
# Counted events are received at most an hour after they happened.
RECEIPT_SLACK: Final = timedelta(hours=2)
RATE: Final[LiteralString] = """
select count(*), count(*) filter (where level >= 3) from (
  select level from detection_event
   where workspace_id = %s::bigint and received_at >= %s::timestamptz and received_at < %s::timestamptz
     and source = any(%s::text[]) and occurred_at >= %s::timestamptz and occurred_at < %s::timestamptz
     and not is_late limit %s::int) e
"""
JOINED: Final[LiteralString] = """
select count(*) from detection_incident_event
 where workspace_id = %s::bigint and incident_id = %s::bigint and occurred_at > %s::timestamptz
"""
WORKED: Final[LiteralString] = """
select distinct source from detection_event
 where workspace_id = %s::bigint and received_at >= %s::timestamptz and received_at < %s::timestamptz
   and source = any(%s::text[]) and occurred_at > %s::timestamptz
   and level <= %s::smallint and not event_type = any(%s::text[])
"""
# The threshold in the incident's own events, and the newest readings.
LIMIT: Final[LiteralString] = """
select min((e.metadata->>'threshold_ms')::numeric)
  from detection_incident_event l
 cross join lateral (
   select metadata from detection_event d
    where d.workspace_id = %s::bigint and d.id = l.event_id
      and d.received_at >= %s::timestamptz and d.received_at < %s::timestamptz
    limit 1) e
 where l.workspace_id = %s::bigint and l.incident_id = %s::bigint
   and jsonb_typeof(e.metadata->'threshold_ms') = 'number'
"""
LATENCY: Final[LiteralString] = """
select count(*), percentile_cont(0.95) within group (order by ms) from (
  select reading::text::numeric as ms
    from detection_event e
   cross join lateral (select coalesce(e.metadata->'response_time_ms', e.metadata->'latency_ms',
                                       e.metadata->'duration_ms') as reading) r
   where e.workspace_id = %s::bigint and e.received_at >= %s::timestamptz
     and e.received_at < %s::timestamptz and e.source = any(%s::text[])
     and e.occurred_at >= %s::timestamptz and not e.is_late and jsonb_typeof(r.reading) = 'number'
   limit %s::int) m
"""


def _received(question: Question) -> list[Any]:
    return [question.begins - RECEIPT_SLACK, question.now + RECEIPT_SLACK]


@criterion("error_rate", "Error rate below 1 %")
def error_rate(question: Question) -> Outcome:
    """Check the share of errors among the components' events, over a whole window and at least 20 events."""
    total, errors = _share(question)
    if total < MIN_EVENTS:
        if errors:
            return Outcome(Verdict.UNKNOWN, f"{errors} of only {total} events are errors.")
        return not_measured(f"{total} events are too few for a rate; silence is not health.")
    percent = 100 * errors / total
    text = f"{percent:.1f} % of {total:,} events are errors."
    if percent >= MAX_ERROR_PERCENT:
        return Outcome(Verdict.FAILED, text)
    if not question.is_whole:
        return Outcome(Verdict.UNKNOWN, f"{text} {question.progress}.")
    return Outcome(Verdict.PASSED, text)


def _share(question: Question) -> ErrorShare:
    """Count whole minutes by their counters; the partial first minute by its events."""
    minute = question.begins.replace(second=0, microsecond=0)
    whole = minute if minute == question.begins else minute + timedelta(minutes=1)
    home, names = question.incident.workspace_id, [*question.components]
    later = share_of_minutes(home, names, since=whole, until=question.now + RECEIPT_SLACK)
    given = [home, *_received(question), names, question.begins, whole, MAX_EVENTS]
    [(events, errors)] = rows(RATE, given)
    return ErrorShare(events + later.events, errors + later.errors)


@criterion("no_matching_events", "No more matching events")
def no_matching_events(question: Question) -> Outcome:
    """Pass when no event joined the incident for a whole window. It is silence, so no positive sign."""
    given = [question.incident.workspace_id, question.incident.pk, question.begins]
    [(count,)] = rows(JOINED, given)
    if count:
        return Outcome(Verdict.FAILED, f"{count} more in the last {question.window.total_seconds():.0f} s.")
    if not question.is_whole:
        return Outcome(Verdict.UNKNOWN, f"None so far; {question.progress}.")
    return Outcome(Verdict.PASSED, f"None within {question.window.total_seconds():.0f} s.")


@criterion("success_seen", "Success seen")
def success_seen(question: Question) -> Outcome:
    """Positive sign: every failing source sent a successful event, or every alert resolved.

    Alerts of incidents merged into this one are its alerts too.
    """
    workspace_id, incident = question.incident.workspace_id, question.incident
    own = Q(incident=incident) | Q(incident__merged_into=incident)
    alerts = SourceAlert.objects.of(workspace_id).filter(own)
    firing = alerts.exclude(state=SourceAlert.State.RESOLVED).count()
    if firing:
        return Outcome(Verdict.FAILED, f"{firing} alert{'s' if firing > 1 else ''} still firing.")
    if alerts.exists():
        return Outcome(Verdict.PASSED, "Every alert was resolved by its sender.", is_positive=True)
    evidence = IncidentEvidence.objects.of(workspace_id).filter(incident=incident).first()
    failing = sorted(evidence.source_distribution) if evidence else [*question.components]
    types = sorted(evidence.error_distribution) if evidence else []
    given = [workspace_id, *_received(question), failing, question.since, Level.INFO.value, types]
    seen = {source for (source,) in rows(WORKED, given)}
    missing = [source for source in failing if source not in seen]
    if missing or not failing:
        silent = ", ".join(missing[:5]) or "any source"
        return not_measured(f"No success since from {silent}; silence is not health.")
    return Outcome(Verdict.PASSED, f"Success seen from {', '.join(failing[:5])}", is_positive=True)


@criterion("response_times", "Response times within the limit")
def response_times(question: Question) -> Outcome:
    """Compare the 95th percentile of the response times in events with the limit they contain."""
    workspace_id, incident = question.incident.workspace_id, question.incident
    first, last = incident.started_at - RECEIPT_SLACK, question.now + RECEIPT_SLACK
    [(limit,)] = rows(LIMIT, [workspace_id, first, last, workspace_id, incident.pk])
    if limit is None:
        return not_measured("The events of the incident name no limit (`threshold_ms`).")
    given = [workspace_id, *_received(question), [*question.components], question.begins, MAX_EVENTS]
    [(count, slow)] = rows(LATENCY, given)
    if not count:
        return Outcome(Verdict.UNKNOWN, "No event names a response time since.")
    text = f"95 % within {slow:.0f} ms; the limit is {limit:.0f} ms."
    if slow > limit:
        return Outcome(Verdict.FAILED, text)
    if not question.is_whole:
        return Outcome(Verdict.UNKNOWN, f"{text} {question.progress}.")
    return Outcome(Verdict.PASSED, text)
