"""Comments on sections."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.outbox.events import publish
from incidents.validation import clean_text, fit, invalid
from postmortems.documents.models import Comment
from postmortems.documents.revisions import ids_of
from postmortems.documents.selectors import postmortem_for, section_of
from postmortems.events import PostmortemChanged, PostmortemCommented, PostmortemMentioned
from postmortems.notices.mentions import mentioned

MAX_COMMENTS: Final = 500
MAX_BODY_CHARS: Final = 5000
MAX_QUOTE_CHARS: Final = 300


def add_comment(
    actor: Actor,
    reference: int | str,
    *,
    section_key: str,
    body: str,
    quote: str = "",
    parent: int | None = None,
) -> Comment:
    """Comment on a section, or reply to a comment. Raises Invalid, NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    postmortem = postmortem_for(actor, reference)
    section = section_of(postmortem, section_key)
    text = clean_text("body", body, required=True)
    if len(text) > MAX_BODY_CHARS:
        raise invalid("body", "max_length", f"must have at most {MAX_BODY_CHARS} characters")
    rows = Comment.objects.of(actor.workspace_id).filter(postmortem=postmortem)
    if rows.count() >= MAX_COMMENTS:
        raise invalid("body", "max_items", f"cannot be added: there are already {MAX_COMMENTS} comments")
    if parent is not None and not rows.filter(pk=parent, section_key=section.key).exists():
        raise NotFound("The comment you reply to no longer exists.")
    with transaction.atomic():
        made: Comment = Comment.objects.create(
            workspace_id=actor.workspace_id,
            postmortem=postmortem,
            section_key=section.key,
            body=text,
            quote=fit(quote, MAX_QUOTE_CHARS) if quote else "",
            parent_id=parent,
            author_id=actor.user_id,
            author_label=actor.label[:150],
        )
        ids = ids_of(postmortem)
        publish(PostmortemCommented(*ids, comment_id=made.pk, by=actor.label))
        people = tuple(pk for pk in mentioned(postmortem.incident, text) if pk != actor.user_id)
        if people:
            publish(
                PostmortemMentioned(
                    *ids, people=people, section_key=section.key, comment_id=made.pk, by=actor.label
                )
            )
    return made


def resolve_comment(actor: Actor, reference: int | str, comment_id: int) -> Comment:
    """Resolve a comment with its replies. Idempotent. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    postmortem = postmortem_for(actor, reference)
    with transaction.atomic():
        rows = Comment.objects.of(actor.workspace_id).filter(postmortem=postmortem, pk=comment_id)
        comment: Comment | None = rows.select_for_update().first()
        if comment is None:
            raise NotFound("There is no such comment.")
        if comment.resolved_at is None:
            comment.resolved_at, comment.resolved_by_id = timezone.now(), actor.user_id
            comment.save(update_fields=["resolved_at", "resolved_by"])
            publish(PostmortemChanged(*ids_of(postmortem), by=actor.label))
    return comment
