"""Plans the deliveries of escalation pages, inside the escalation's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Now

from core.queue.models import Priority
from core.reasons import Reason
from notifications.contacts.ways import sends_mail, ways_to
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, plan_page, plan_to_channel, store
from notifications.deliveries.snapshot import snapshot_of
from notifications.escalation.pages import PAGE_PLANNERS, Page


@PAGE_PLANNERS.register("deliveries")
def plan_escalation_pages(workspace_id: int, pages: Sequence[Page]) -> None:
    """Plan one delivery per contact method or recipient. Idempotent."""
    snapshots: dict[int, dict[str, Any]] = {}
    for page in pages:
        if page.incident_id not in snapshots:
            snapshots[page.incident_id] = snapshot_of(workspace_id, page.incident_id)
        payload = {
            "event_kind": "page",
            "snapshot": snapshots[page.incident_id],
            "details": {"message": f"You are notified because: {page.reason}."},
        }
        _plan(workspace_id, page, payload)


def _plan(workspace_id: int, page: Page, payload: dict[str, Any]) -> None:
    priority = Priority.NOTICE if page.is_notice else Priority.PAGE
    common: dict[str, Any] = {
        "event_key": page.event_key,
        "event_kind": "page",
        "payload": payload,
        "why": f"Escalation: {page.reason}",
        "priority": priority,
        "because": Reason.POLICY_STEP,
    }
    if page.channel_id is not None:
        plan_to_channel(workspace_id, channel_id=page.channel_id, **common)
    elif page.user_id is not None and ways_to(workspace_id, page.user_id):
        plan_page(workspace_id, user_id=page.user_id, **common)
    elif page.user_id is not None:
        store([_unreachable(Fact(workspace_id, page.event_key, "page", payload), page, priority)])


def _unreachable(fact: Fact, page: Page, priority: int) -> Delivery:
    """A failed delivery that records why nothing could be sent."""
    return Delivery(
        workspace_id=fact.workspace_id,
        event_key=fact.key[:200],
        event_kind=fact.event_kind,
        destination=f"user:{page.user_id}",
        label="a person without a contact method",
        incident_id=page.incident_id,
        incident_number=fact.snapshot.get("number"),
        user_id=page.user_id,
        priority=priority,
        payload=dict(fact.payload),
        why=f"Escalation: {page.reason}"[:200],
        state=Delivery.State.DEAD,
        outcome=Delivery.Outcome.DEAD,
        settled_at=Now(),
        reason=_missing(),
        reason_code=Reason.NO_CONTACT_METHOD,
    )


def _missing() -> str:
    reason = "this person has no verified contact method"
    return reason if sends_mail() else f"{reason}, and no mail server is set (SMTP_URL, MAIL_FROM)"
