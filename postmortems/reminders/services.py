"""Plans and sends reminders of action items."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.models import Workspace
from postmortems.action_items.models import UNFINISHED, ActionItem
from postmortems.notices.mentions import who_may_see
from postmortems.notices.people import managers_of, notify_members
from postmortems.reminders.models import OverdueDigest, Reminder, ReminderKind
from postmortems.reminders.schedule import digest_time, monday_of, reminder_times

MAX_DIGEST_LINES: Final = 30
MAX_LATE: Final = timedelta(hours=24)
_WORDS: Final = {
    ReminderKind.BEFORE_7: "is due in 7 days",
    ReminderKind.BEFORE_1: "is due tomorrow",
    ReminderKind.DUE: "is due today",
    ReminderKind.LATE_1: "was due yesterday",
    ReminderKind.LATE_7: "has been overdue for a week",
}


def plan_reminders(workspace_id: int, *, item_id: int, now: datetime | None = None) -> int:
    """Plan future reminders of an item's due date, and reschedule unsent ones. Idempotent.

    Reminders of a previous due date or of a completed item remain, but send nothing when due. Returns how
    many are planned; none for times in the past.
    """
    item = _item(workspace_id, item_id)
    if item is None or not item.is_unfinished or item.due_date is None:
        return 0
    times = reminder_times(item.due_date, _zone(item), now or timezone.now())
    rows = [
        Reminder(workspace_id=workspace_id, item=item, kind=kind, due_date=item.due_date, due_at=at)
        for kind, at in times.items()
    ]
    Reminder.objects.of(workspace_id).bulk_create(rows, ignore_conflicts=True)
    own = Reminder.objects.of(workspace_id).filter(item=item, due_date=item.due_date, state="pending")
    for kind, at in times.items():
        own.filter(kind=kind, attempts=0).exclude(due_at=at).update(due_at=at)
    return len(rows)


def _item(workspace_id: int, item_id: int) -> ActionItem | None:
    rows = ActionItem.objects.of(workspace_id).filter(pk=item_id)
    found: ActionItem | None = rows.select_related("assignee", "postmortem__owner", "incident").first()
    return found


def _zone(item: ActionItem) -> str:
    """The time zone of the recipient, else of the workspace."""
    person = item.assignee or (item.postmortem.owner if item.postmortem else None)
    return person.time_zone if person is not None else item.workspace.time_zone


def send_reminder(workspace_id: int, *, reminder: Reminder) -> int:
    """Remind the assignee, else the postmortem's owner; no one if it is done or due on another date.

    Someone who may not see the incident of the item is not reminded.

    Returns how many deliveries are planned. Idempotent.
    """
    item = _item(workspace_id, reminder.item_id)
    if item is None or not item.is_unfinished or item.due_date != reminder.due_date:
        return 0
    if timezone.now() - reminder.due_at > MAX_LATE:
        return 0  # delayed by an outage: "due tomorrow" is no longer true
    owner_id = item.postmortem.owner_id if item.postmortem else None
    person = item.assignee_id or owner_id
    if person is None:
        return 0
    words = _WORDS[ReminderKind(reminder.kind)]
    unowned = "" if item.assignee_id else " It has no assignee; you own the postmortem."
    return notify_members(
        item.workspace_id,
        who_may_see(item.incident, [person]),
        key=f"reminder:{item.pk}:{reminder.due_date}:{reminder.kind}",
        kind="action_item.reminder",
        subject=f"{item.reference} {words}: {item.title}",
        lines=[f"Due {item.due_date}, {item.incident.reference}: {item.incident.title}.{unowned}"],
        path=f"/action-items/{item.reference}",
        why=f"Reminder: {item.reference} {words}",
    )


def plan_digests(workspace: Workspace, now: datetime) -> None:
    """Plan this week's digest of a workspace. Idempotent."""
    week = monday_of(now, workspace.time_zone)
    row = OverdueDigest(workspace_id=workspace.pk, week=week, due_at=digest_time(week, workspace.time_zone))
    OverdueDigest.objects.of(workspace.pk).bulk_create([row], ignore_conflicts=True)


def send_digest(workspace_id: int, *, digest: OverdueDigest, now: datetime) -> int:
    """Send each manager a notice with all overdue items, except those of drills. Returns how many are new."""
    today = monday_of(now, digest.workspace.time_zone)
    if today != digest.week:
        return 0  # delayed to the next week by an outage: the current digest has everything
    rows = ActionItem.objects.of(workspace_id).filter(
        status__in=UNFINISHED, due_date__lt=digest.week, incident__is_drill=False, incident__is_private=False
    )
    items = list(rows.select_related("assignee", "incident").order_by("due_date", "number")[:501])
    if not items:
        return 0
    lines = [_line(item) for item in items[:MAX_DIGEST_LINES]]
    if len(items) > MAX_DIGEST_LINES:
        lines.append(f"and {'more than ' if len(items) > 500 else ''}{len(items) - MAX_DIGEST_LINES} more.")
    return notify_members(
        workspace_id,
        managers_of(workspace_id),
        key=f"overdue:{digest.week}",
        kind="action_item.digest",
        subject=f"{len(items)} action item{'s are' if len(items) > 1 else ' is'} overdue",
        lines=lines,
        path="/action-items?due=overdue",
        why="Weekly digest of overdue action items",
    )


def _line(item: ActionItem) -> str:
    who = item.assignee.label if item.assignee else "no assignee"
    return f"{item.reference} due {item.due_date}, {who}: {item.title}"
