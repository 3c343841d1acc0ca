"""Outbox subscribers of postmortems. Only write rows."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from incidents.vocabulary import Status
from postmortems.drafting.requests import note_reopened, plan_draft
from postmortems.fix_watch.services import count_recurrences, follow_item
from postmortems.meetings.services import plan_meeting_mails
from postmortems.notices.items import plan_item_notice
from postmortems.notices.planning import plan_mentions, plan_notices
from postmortems.reminders.services import plan_reminders

OVER = (Status.RESOLVED, Status.CLOSED)


@subscriber("postmortem_drafts", topics=("incident.status_changed",))
def plan_on_status(event: OutboxEvent) -> None:
    """Plan a draft when an incident is resolved; mark it when the incident is reopened."""
    incident_id, after = event.payload["incident_id"], event.payload.get("after")
    if after == Status.RESOLVED:
        plan_draft(event.workspace_id, incident_id=incident_id, event_id=event.pk, creates=True)
    elif event.payload.get("before") in OVER and after not in OVER:
        note_reopened(event.workspace_id, incident_id=incident_id)


@subscriber("postmortem_facts", topics=("incident.evidence_recorded", "incident.noted", "incident.changed"))
def plan_on_facts(event: OutboxEvent) -> None:
    """Plan an update of the facts of an existing draft."""
    incident_id = event.payload["incident_id"]
    plan_draft(event.workspace_id, incident_id=incident_id, event_id=event.pk, creates=False)


@subscriber("action_item_follow_up", topics=("action_item.changed",))
def plan_follow_up(event: OutboxEvent) -> None:
    """Plan reminders of the due date, and the fix watch of a completed item."""
    item_id = event.payload["item_id"]
    plan_reminders(event.workspace_id, item_id=item_id)
    follow_item(event.workspace_id, item_id=item_id)


@subscriber("action_item_notices", topics=("action_item.changed",))
def notify_item_routes(event: OutboxEvent) -> None:
    """Notify channels routed for action items, such as the webhook of a tracker."""
    plan_item_notice(event)


@subscriber("meeting_mails", topics=("postmortem.changed",))
def plan_meeting(event: OutboxEvent) -> None:
    """Plan invitations, updates and cancellations of the review meeting."""
    plan_meeting_mails(event.workspace_id, postmortem_id=event.payload["postmortem_id"])


@subscriber("fix_watch", topics=("incident.opened", "incident.reopened", "incident.signalled"))
def check_fixes(event: OutboxEvent) -> None:
    """Check fix watches."""
    count_recurrences(event.workspace_id, incident_id=event.payload["incident_id"], at=event.created_at)


@subscriber("postmortem_mentions", topics=("postmortem.mentioned",))
def notify_mentioned(event: OutboxEvent) -> None:
    """Notify people mentioned in a section or a comment, each once."""
    plan_mentions(event)


@subscriber(
    "postmortem_notices",
    topics=("postmortem.review_requested", "postmortem.commented", "postmortem.published"),
)
def notify_people(event: OutboxEvent) -> None:
    """Notify channels by the routes, reviewers and participants."""
    plan_notices(event)
