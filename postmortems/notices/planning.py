"""Plans notifications of postmortems: channels by the routes, people by their contact methods."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from core.models import OutboxEvent
from notifications.deliveries.planning import Fact, as_payload, plan_event
from notifications.deliveries.snapshot import snapshot_of
from postmortems.documents.models import Comment, Postmortem, Section
from postmortems.notices.mentions import mentioned, who_may_see
from postmortems.notices.people import notify_members

_WORDS: Final = {
    "postmortem.review_requested": "needs your review",
    "postmortem.commented": "has a new comment",
    "postmortem.published": "is published",
}


def plan_notices(event: OutboxEvent) -> None:
    """Plan one delivery per routed channel and per person concerned. Idempotent."""
    payload = event.payload
    rows = Postmortem.objects.of(event.workspace_id).filter(pk=payload["postmortem_id"])
    postmortem = rows.select_related("incident").first()
    if postmortem is None:
        return
    path = f"/postmortems/{postmortem.incident.reference}"
    snapshot = snapshot_of(event.workspace_id, postmortem.incident_id) | {"url": f"{settings.BASE_URL}{path}"}
    sent = as_payload(event.topic, payload | {"snapshot": snapshot}, event.pk)
    if not postmortem.incident.is_private:
        plan_event(Fact(event.workspace_id, f"outbox:{event.pk}", event.topic, sent))
    if postmortem.incident.is_drill:
        return
    by = payload.get("by", "")
    notify_members(
        event.workspace_id, _people(event, postmortem), key=f"outbox:{event.pk}", kind=event.topic,
        subject=f"Postmortem of {postmortem.incident.reference} {_WORDS[event.topic]}: {postmortem.title}",
        lines=[*_quoted(event), *([f"By {by}."] if by else [])], path=path,
        why=f"The postmortem {_WORDS[event.topic]}",
    )  # fmt: skip


def plan_mentions(event: OutboxEvent) -> None:
    """Plan one notice to each person mentioned, once per section or comment."""
    payload = event.payload
    rows = Postmortem.objects.of(event.workspace_id).filter(pk=payload["postmortem_id"])
    postmortem = rows.select_related("incident").first()
    if postmortem is None or postmortem.incident.is_drill:
        return
    reference, section = postmortem.incident.reference, payload["section_key"]
    comment_id = payload.get("comment_id")
    where = f"comment:{comment_id}" if comment_id else f"section:{section}"
    notify_members(
        event.workspace_id, payload["people"], key=f"mention:{postmortem.pk}:{where}", kind=event.topic,
        subject=f"{payload['by']} mentioned you in the postmortem of {reference}: {postmortem.title}",
        lines=_quoted(event) or [f"In the section {_title_of(postmortem, section)}."],
        path=f"/postmortems/{reference}#section-{section}", why="A postmortem mentions you",
    )  # fmt: skip


def _title_of(postmortem: Postmortem, key: str) -> str:
    rows = Section.objects.of(postmortem.workspace_id).filter(postmortem=postmortem, key=key)
    return str(rows.values_list("title", flat=True).first() or key)


def _people(event: OutboxEvent, postmortem: Postmortem) -> list[int]:
    """Reviewers, or the owner and commenters; without the author of the event."""
    if event.topic == "postmortem.review_requested":
        return list(who_may_see(postmortem.incident, event.payload.get("reviewer_ids", ())))
    comments = Comment.objects.of(event.workspace_id).filter(postmortem=postmortem)
    if newest := event.payload.get("comment_id"):
        comments = comments.filter(pk__lte=newest)  # without later commenters
    people: list[Any] = [postmortem.owner_id, *comments.values_list("author_id", flat=True).distinct()]
    own = (event.payload.get("actor") or {}).get("user_id") or _author(event)
    # mentioned people get a notice of the mention instead
    named = {pk for body in _bodies(event) for pk in mentioned(postmortem.incident, body)}
    others = {pk for pk in people if pk is not None and pk != own} - named
    return list(who_may_see(postmortem.incident, others))


def _author(event: OutboxEvent) -> int | None:
    comment_id = event.payload.get("comment_id")
    if not comment_id:
        return None
    rows = Comment.objects.of(event.workspace_id).filter(pk=comment_id)
    return rows.values_list("author_id", flat=True).first()


def _quoted(event: OutboxEvent) -> list[str]:
    return [f"“{body}”" for body in _bodies(event)]


def _bodies(event: OutboxEvent) -> list[str]:
    comment_id = event.payload.get("comment_id")
    if not comment_id:
        return []
    rows = Comment.objects.of(event.workspace_id).filter(pk=comment_id)
    return list(rows.values_list("body", flat=True))
