"""Tests a source: runs the pipeline in a transaction that is rolled back.

So it shows what would happen, using the same code, and has no effects: no event, no number taken, no one
notified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound, Problem
from detection.evaluation.services.matched import MatchedRule, matched_since, newest_event
from detection.models import Source
from detection.rules.rule_text import duration
from detection.webhooks.format import Receipt, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import AlertState, Reading
from detection.webhooks.services.receiving import receive, settings_of, source_actor

MAX_BODY: Final = 100_000
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the log: a sentence, with more of them below it; `failed` ends the log."""

    name: str
    words: str
    details: tuple[str, ...] = ()
    failed: bool = False


def run_source_test(actor: Actor, *, source_id: int, body: str | None = None) -> list[Step]:
    """Send `body` (or the sample of the format) to a source as a test; returns the log of its steps.

    Raises Forbidden, NotFound.
    """
    require(actor, Capability.SOURCES_WRITE)
    source = Source.objects.of(actor.workspace_id).filter(pk=source_id).first()
    if source is None:
        raise NotFound("There is no such source in this workspace.")
    request = _request(source, body)
    steps = [Step("Received", f"{len(request.body)} bytes of {request.content_type}.")]
    try:
        reading = webhook_formats().get(source.kind).read(request, settings_of(source))
    except Problem as problem:
        return [*steps, _refused(problem)]
    return [*steps, _mapped(reading), *_stored(source, reading, request)]


def _request(source: Source, body: str | None) -> WebhookRequest:
    guide = webhook_formats().get(source.kind).guide
    raw = (guide.text if body is None else body[:MAX_BODY]).encode("utf-8", "replace")
    headers = {"content-type": guide.content_type, **guide.headers}
    return WebhookRequest("POST", headers, raw, raw, timezone.now())


def _refused(problem: Problem) -> Step:
    faults = tuple(f"{fault.field}: {fault.message}" for fault in problem.faults[:SHOWN])
    return Step(
        "Mapped",
        f"It cannot be parsed: {problem.detail} A real request would go to quarantine.",
        faults,
        True,
    )


def _mapped(reading: Reading) -> Step:
    # A placeholder for a group's unlisted alerts, which ends none of them, was not sent by anyone.
    alerts = [one for one in reading.alerts if not (one.silent and one.state == AlertState.RESOLVED)]
    found = [
        *(f"Alert {alert.title!r}: {alert.state}, {alert.severity or 'default severity'}, "
          f"component {alert.component or 'none'}, key {alert.key}" for alert in alerts[:SHOWN]),
        *(f"Event of {event.get('source')}: {event.get('level')}, {str(event.get('message'))[:100]}"
          for event in reading.events[:SHOWN]),
        *(f"Change {change.summary!r} of {change.component or 'no component'}"
          for change in reading.changes[:SHOWN]),
        *(f"Element {fault.position}: {fault.field} {fault.message}" for fault in reading.faults[:SHOWN]),
    ]  # fmt: skip
    words = _counted({"alert": len(alerts), "event": len(reading.events), "change": len(reading.changes)})
    if reading.faults:
        words += f" {len(reading.faults)} could not be parsed and would go to quarantine."
    return Step("Mapped", words, tuple(found))


def _counted(numbers: dict[str, int]) -> str:
    found = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in numbers.items() if count]
    return f"Found {' and '.join(found)}." if found else "Parsed; nothing to act on."


def _stored(source: Source, reading: Reading, request: WebhookRequest) -> list[Step]:
    with transaction.atomic():
        actor, mark = source_actor(source), newest_event()
        receipt = receive(actor, source=source, reading=reading, request=request, keep_faulty=False)
        matched = _matched(source, reading, matched_since(source.workspace_id, mark))
        steps = [_deduplicated(receipt), matched, _opened(source, reading, receipt)]
        transaction.set_rollback(True)
    return [*steps, Step("Rolled back", "Test only: nothing was saved and no one was notified.")]


def _deduplicated(receipt: Receipt) -> Step:
    refused = f" {receipt.refused} refused." if receipt.refused else ""
    return Step(
        "Deduplicated",
        f"{receipt.stored} new, {receipt.duplicates} duplicates, {receipt.changes} changes.{refused}",
        tuple(f"{error.get('field')}: {error.get('message')}" for error in receipt.errors[:SHOWN]),
    )


def _matched(source: Source, reading: Reading, matched: Sequence[MatchedRule]) -> Step:
    """List the rules that count the events, by name, and how far each is from opening an incident."""
    if not reading.alerts and not reading.events:
        return Step("Matched", "No events for rules.")
    by_itself = bool(reading.alerts and source.opens_incidents)
    words = (
        "Alerts of this source open incidents by their own severity, without a rule. " if by_itself else ""
    )
    if not matched:
        return Step("Matched", f"{words}No enabled rule matches these events.")
    rules = len({one.rule_id for one in matched})
    counts = "1 rule counts" if rules == 1 else f"{rules} rules count"
    return Step("Matched", f"{words}{counts} these events.", tuple(_counting(one) for one in matched[:SHOWN]))


def _counting(one: MatchedRule) -> str:
    group = "" if one.group == "*" else f" for {one.group}"
    window = duration(one.window_seconds)
    return f"{one.name} ({one.rule_id}){group}: {one.counted} of {one.threshold} within {window}"


def _opened(source: Source, reading: Reading, receipt: Receipt) -> Step:
    outcomes: Sequence[tuple[str, Sequence[str]]] = (
        ("would be opened", receipt.opened), ("would be joined", receipt.joined),
        ("would be resolved", receipt.resolved),
    )  # fmt: skip
    words = [f"{', '.join(references)} {verb}." for verb, references in outcomes if references]
    if words:
        return Step("Opened", " ".join(words))
    if any(alert.state == AlertState.FIRING for alert in reading.alerts) and source.opens_incidents:
        return Step("Opened", "No incident: the alert is already firing.")
    return Step("Opened", "No incident.")
