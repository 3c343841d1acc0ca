"""The API of postmortems."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.lifecycle.api import Reference
from incidents.selectors import incident_for
from incidents.validation import invalid
from postmortems.documents.comments import add_comment, resolve_comment
from postmortems.documents.filling import fill_sections
from postmortems.documents.models import Postmortem
from postmortems.documents.models import Status as State
from postmortems.documents.selectors import (
    MAX_LISTED,
    comments_of,
    postmortem_for,
    postmortem_of,
    postmortems_page,
    revisions_of,
)
from postmortems.documents.services import restore_revision, save_section
from postmortems.drafting.services import draft_postmortem
from postmortems.export.document import postmortem_json
from postmortems.export.files import export_file
from postmortems.learning.lessons import add_lesson
from postmortems.review import services as review
from postmortems.schemas import (
    CommentIn,
    CommentOut,
    DecisionIn,
    DetailsIn,
    PostmortemIn,
    PostmortemOut,
    PostmortemRow,
    RevisionOut,
    SavedOut,
    SectionIn,
    VersionIn,
    WaiverIn,
)

router = Router(tags=["Postmortems"])
incident_router = Router(tags=["Postmortems"])
NOTHING: Final = PostmortemIn.model_validate({})
AS_READ: Final = VersionIn.model_validate({})
_TEXTS: Final = (
    "summary", "what_happened", "why_it_happened", "what_went_well", "what_went_poorly",
    "where_we_got_lucky", "impact",
)  # fmt: skip


class ListQuery(Schema):
    """Filter of postmortems."""

    status: str = Field("", max_length=20, description="`draft`, `in_review` or `published`.")
    text: str = Field("", max_length=200, description="Words in the title.")
    limit: int = Field(MAX_LISTED, ge=1, le=MAX_LISTED, description="Maximum number of results.")
    cursor: str = Field("", max_length=20, description="From the Link header of the previous page.")


class ExportQuery(Schema):
    """Format of the export."""

    format: str = Field("markdown", max_length=20, description="`markdown`, `html`, `pdf` or `json`.")


class SectionReference(Reference):
    """One section of a postmortem."""

    key: str = Field(max_length=60)


class RevisionReference(Reference):
    """One revision of a postmortem."""

    number: int = Field(ge=1, le=2**31 - 1)


class CommentReference(Reference):
    """One comment of a postmortem."""

    comment_id: int = Field(ge=1, le=2**63 - 1)


def _row(one: Postmortem) -> dict[str, Any]:
    names = ("title", "status", "revision", "version", "created_at", "published_at")
    return {name: getattr(one, name) for name in names} | {
        "id": one.incident.reference,
        "incident_id": one.incident.reference,
        "severity": one.incident.severity,
        "is_drill": one.incident.is_drill,
        "owner": one.owner.username if one.owner else None,
    }


@incident_router.post(
    "/{reference}/postmortem",
    response={200: PostmortemOut, 201: PostmortemOut},
    summary="Draft the postmortem",
)
def create(request: HttpRequest, where: Path[Reference], body: PostmortemIn = NOTHING) -> Any:
    """Drafted from the incident; given texts replace drafted ones.

    200: it already existed, and has the given title and texts now; another template is refused with 409.
    422 names the texts for which the template has no section; nothing is saved then.
    """
    actor = actor_in(request)
    existed = postmortem_of(actor, incident_for(actor, where.reference)) is not None
    texts = {name: getattr(body, name) for name in _TEXTS}
    moments = [(one.time, one.event) for one in body.timeline]
    with transaction.atomic():
        made = draft_postmortem(actor, where.reference, template=body.template, title=body.title)
        fill_sections(actor, made, texts, timeline=moments, root_causes=body.root_causes)
        for one in body.lessons_learned:
            add_lesson(actor, where.reference, **one.model_dump())
    return Status(200 if existed else 201, postmortem_json(actor, postmortem_for(actor, where.reference)))


@incident_router.get(
    "/{reference}/postmortem", response=PostmortemOut, summary="Get the postmortem of an incident"
)
def of_incident(request: HttpRequest, where: Path[Reference]) -> Any:
    """404 if there is none."""
    actor = actor_in(request)
    return postmortem_json(actor, postmortem_for(actor, where.reference))


@router.get("", response=list[PostmortemRow], summary="List postmortems")
def listed(request: HttpRequest, response: HttpResponse, query: Query[ListQuery]) -> Any:
    """Newest first; the next page is in the `Link` header."""
    known_only(request, ("status", "text", "limit", "cursor"))
    if query.status and query.status not in State.values:
        raise invalid("status", "choice", f"must be one of {', '.join(State.values)}")
    before = int(query.cursor) if query.cursor.isdecimal() else None
    rows = postmortems_page(actor_in(request), status=query.status, text=query.text, before=before)
    more = str(rows[query.limit - 1].pk) if len(rows) > query.limit else None
    link_pages(request, response, more)
    return [_row(one) for one in rows[: query.limit]]


@router.get("/{reference}", response=PostmortemOut, summary="Get a postmortem")
def read(request: HttpRequest, where: Path[Reference]) -> Any:
    """By incident reference."""
    return of_incident(request, where)


@router.patch("/{reference}", response=PostmortemOut, summary="Change settings of a postmortem")
def change(request: HttpRequest, where: Path[Reference], body: DetailsIn) -> Any:
    """Title, owner, due date, meeting, public link. Omitted fields stay as they are."""
    actor = actor_in(request)
    review.set_details(actor, where.reference, **body.model_dump(exclude_unset=True))
    return of_incident(request, where)


@router.put("/{reference}/sections/{key}", response=SavedOut, by_alias=True, summary="Save a section")
def save(request: HttpRequest, where: Path[SectionReference], body: SectionIn) -> Any:
    """Merged with changes since `base_version`; on a conflict 409 `both_changed` with both texts."""
    saved = save_section(
        actor_in(request), where.reference, where.key,
        base_version=body.base_version, text=body.text, client_id=body.client_id,
    )  # fmt: skip
    return {
        "version": saved.version, "text": saved.text, "merged": saved.merged, "other": saved.by_other,
        "changed": saved.changed,
    }  # fmt: skip


@router.get("/{reference}/revisions", response=list[RevisionOut], summary="List revisions")
def revisions(request: HttpRequest, where: Path[Reference]) -> Any:
    """The latest 200, newest first."""
    return revisions_of(postmortem_for(actor_in(request), where.reference))


@router.post("/{reference}/revisions/{number}/restore", response=PostmortemOut, summary="Restore a revision")
def restore(request: HttpRequest, where: Path[RevisionReference]) -> Any:
    """Restores all sections as a new revision."""
    restore_revision(actor_in(request), where.reference, where.number)
    return of_incident(request, where)


@router.post("/{reference}/request-review", response=PostmortemOut, summary="Request a review")
def request_review(request: HttpRequest, where: Path[Reference], body: VersionIn = AS_READ) -> Any:
    """422 `incomplete` lists required sections without text."""
    review.request_review(actor_in(request), where.reference, version=body.version)
    return of_incident(request, where)


@router.post("/{reference}/withdraw", response=PostmortemOut, summary="Withdraw from review")
def withdraw(request: HttpRequest, where: Path[Reference], body: VersionIn = AS_READ) -> Any:
    """Back to draft."""
    review.withdraw(actor_in(request), where.reference, version=body.version)
    return of_incident(request, where)


@router.post("/{reference}/approvals", response=PostmortemOut, summary="Sign, or request changes")
def decide(request: HttpRequest, where: Path[Reference], body: DecisionIn) -> Any:
    """As a role you hold. A token must be a personal one with the scope `incidents:write`."""
    review.decide(actor_in(request), where.reference, **body.model_dump())
    return of_incident(request, where)


@router.post("/{reference}/waivers", response=PostmortemOut, summary="Waive a missing requirement")
def waive(request: HttpRequest, where: Path[Reference], body: WaiverIn) -> Any:
    """Requires a reason of at least ten letters."""
    review.waive(actor_in(request), where.reference, subject=body.subject, reason=body.reason)
    return of_incident(request, where)


@router.post("/{reference}/publish", response=PostmortemOut, summary="Publish")
def publish(request: HttpRequest, where: Path[Reference], body: VersionIn = AS_READ) -> Any:
    """422 `incomplete` lists everything that is missing; nothing is changed."""
    review.publish_postmortem(actor_in(request), where.reference, version=body.version)
    return of_incident(request, where)


@router.post("/{reference}/amend", response=PostmortemOut, summary="Amend")
def amend(request: HttpRequest, where: Path[Reference], body: VersionIn = AS_READ) -> Any:
    """Reopens a published one for changes; readers see the published revision until you publish again."""
    review.amend(actor_in(request), where.reference, version=body.version)
    return of_incident(request, where)


@router.get("/{reference}/comments", response=list[CommentOut], summary="List comments")
def comments(request: HttpRequest, where: Path[Reference]) -> Any:
    """Oldest first."""
    return comments_of(postmortem_for(actor_in(request), where.reference))


@router.post("/{reference}/comments", response={201: CommentOut}, summary="Comment on a section")
def comment(request: HttpRequest, where: Path[Reference], body: CommentIn) -> Any:
    """With `parent`, replies to a comment."""
    return Status(201, add_comment(actor_in(request), where.reference, **body.model_dump()))


@router.post("/{reference}/comments/{comment_id}/resolve", response=CommentOut, summary="Resolve a comment")
def resolve(request: HttpRequest, where: Path[CommentReference]) -> Any:
    """Idempotent."""
    return resolve_comment(actor_in(request), where.reference, where.comment_id)


@router.get("/{reference}/export", summary="Export a postmortem")
def export(request: HttpRequest, where: Path[Reference], query: Query[ExportQuery]) -> Any:
    """As a file."""
    known_only(request, ("format",))
    return export_file(actor_in(request), where.reference, query.format)
