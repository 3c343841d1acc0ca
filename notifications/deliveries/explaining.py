"""Records decisions about deliveries: what was planned or skipped, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.reasons import Reason
from incidents.explain.models import Decision
from incidents.explain.recording import decision, record_decisions
from notifications.channels.models import Channel
from notifications.deliveries.models import Delivery
from notifications.routes.decision import ChannelDecision

Stage, Verdict = Decision.Stage, Decision.Verdict
Outcome = Delivery.Outcome
MAX_ROUTES_NAMED: Final = 10
_VERDICTS: Final = {
    Outcome.MUTED: Verdict.MUTED,
    Outcome.HELD: Verdict.HELD,
    Outcome.DEAD: Verdict.FAILED,
    Outcome.UNKNOWN: Verdict.FAILED,
    Outcome.MERGED: Verdict.ENDED,
    Outcome.SUPERSEDED: Verdict.ENDED,
}


def record_planned(rows: Iterable[Delivery]) -> None:
    """Record how each delivery was planned: immediate, muted, held or failed. Idempotent."""
    record_decisions(_planned(row) for row in rows)


def _planned(row: Delivery) -> Decision:
    data = {"because": row.because, "event_key": row.event_key, "destination": row.destination}
    if row.muted_by:
        data["muted_by"] = row.muted_by
    return decision(
        row.workspace_id,
        f"plan:{row.event_key}:{row.destination}",
        stage=Stage.PLANNING,
        verdict=_VERDICTS.get(Outcome(row.outcome), Verdict.PLANNED),
        reason=Reason(row.reason_code or row.because),
        detail=row.reason or row.why,
        incident_id=row.incident_id,
        user_id=row.user_id,
        channel_id=row.channel_id,
        subject=row.label,
        event_kind=row.event_kind,
        data=data | {"page": row.is_page, "why": row.why},
    )


def record_settled(delivery: Delivery, outcome: Outcome, reason: Reason, detail: str) -> None:
    """Record that a delivery was held, merged, superseded or failed while sending; once per reason."""
    made = decision(
        delivery.workspace_id,
        f"send:{delivery.pk}:{reason}",
        stage=Stage.SENDING,
        verdict=_VERDICTS.get(outcome, Verdict.HELD),
        reason=reason,
        detail=detail,
        incident_id=delivery.incident_id,
        user_id=delivery.user_id,
        channel_id=delivery.channel_id,
        subject=delivery.label,
        event_kind=delivery.event_kind,
        data={"delivery_id": delivery.pk},
    )
    record_decisions([made])


def not_notified(
    workspace_id: int, once: str, reason: Reason, snapshot: Mapping[str, Any], event_kind: str, **about: Any
) -> Decision:
    """The decision not to notify a channel or a person. `about`: subject, user_id, channel_id, detail."""
    return decision(
        workspace_id,
        f"not:{once}:{about.get('channel_id')}:{about.get('user_id')}",
        stage=Stage.PLANNING,
        verdict=Verdict.SKIPPED,
        reason=reason,
        incident_id=snapshot.get("incident_id"),
        event_kind=event_kind,
        **about,
    )


def record_skipped(
    workspace_id: int, once: str, event_kind: str, snapshot: Mapping[str, Any],
    decisions: Iterable[tuple[Channel, ChannelDecision]],
) -> None:  # fmt: skip
    """Record channels that are not notified, each with its reason and the routes that do not match."""
    record_decisions(
        not_notified(
            workspace_id, once, one.reason, snapshot, event_kind,
            channel_id=channel.pk, subject=channel.name, detail="; ".join(one.missed[:MAX_ROUTES_NAMED]),
        )
        for channel, one in decisions
    )  # fmt: skip
