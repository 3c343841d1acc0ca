"""Reads postmortems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from incidents.privacy.selectors import is_seen
from incidents.selectors import incident_for
from postmortems.documents.models import Comment, Postmortem, Revision, Section, SectionDraft, SectionText
from postmortems.documents.models import Status as PostmortemStatus

MAX_LISTED: Final = 50


def postmortem_of(actor: Actor, incident: Incident) -> Postmortem | None:
    """The postmortem of an incident, or None. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    return next(iter(_of_incident(actor.workspace_id, actor.viewer, incident.pk)), None)


@compiled(int, int, int)
def _of_incident(workspace_id: int, viewer: int, incident_id: int) -> QuerySet[Postmortem]:
    return _seen(workspace_id, viewer).filter(incident_id=incident_id).order_by("pk")[:1]


def postmortem_for(actor: Actor, reference: int | str) -> Postmortem:
    """The postmortem of an incident, by reference. Raises NotFound, Forbidden, Invalid."""
    incident = incident_for(actor, reference)
    found = postmortem_of(actor, incident)
    if found is None:
        raise NotFound(f"{incident.reference} has no postmortem yet.")
    return found


def postmortem_with_id(actor: Actor, postmortem_id: int) -> Postmortem:
    """A postmortem by its id. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    found = _with_details(actor).filter(pk=postmortem_id).first()
    if found is None:
        raise NotFound("There is no such postmortem in this workspace.")
    incident_for(actor, found.incident.number)
    return found


def postmortems_page(
    actor: Actor, *, status: str = "", text: str = "", before: int | None = None
) -> Sequence[Postmortem]:
    """Postmortems, newest first, up to 51. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = _with_details(actor)
    if status:
        rows = rows.filter(status=PostmortemStatus(status))
    if text:
        rows = rows.filter(title__icontains=text)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[: MAX_LISTED + 1])


def sections_of(postmortem: Postmortem) -> list[Section]:
    """Its sections in order."""
    rows = Section.objects.of(postmortem.workspace_id).filter(postmortem_id=postmortem.pk)
    return list(rows.order_by("position", "id"))


def section_of(postmortem: Postmortem, key: str) -> Section:
    """One section. Raises NotFound."""
    rows = Section.objects.of(postmortem.workspace_id).filter(postmortem_id=postmortem.pk, key=key)
    found: Section | None = rows.first()
    if found is None:
        raise NotFound(f"This postmortem has no section {key}.")
    return found


def text_of(section: Section, version: int) -> str | None:
    """The text of a section at a version, or None."""
    rows = SectionText.objects.of(section.workspace_id).filter(section_id=section.pk, version=version)
    found: str | None = rows.values_list("text", flat=True).first()
    return found


def texts_at(postmortem: Postmortem, revision: int) -> dict[str, tuple[int, str]]:
    """Key -> (version, text) of all sections at a revision."""
    rows = SectionText.objects.of(postmortem.workspace_id).filter(
        section__postmortem_id=postmortem.pk, revision__number__lte=revision
    )
    found = rows.order_by("section_id", "version").values_list("section__key", "version", "text")
    return {key: (version, text) for key, version, text in found}


def revisions_of(postmortem: Postmortem, *, limit: int = 200) -> list[Revision]:
    """Its revisions, newest first."""
    rows = Revision.objects.of(postmortem.workspace_id).filter(postmortem_id=postmortem.pk)
    return list(rows.order_by("-number")[:limit])


def revision_for(postmortem: Postmortem, number: int) -> Revision:
    """One revision. Raises NotFound."""
    rows = Revision.objects.of(postmortem.workspace_id).filter(postmortem_id=postmortem.pk, number=number)
    found: Revision | None = rows.first()
    if found is None:
        raise NotFound(f"This postmortem has no revision {number}.")
    return found


def last_author(section: Section) -> str:
    """The author of the latest text of a section."""
    rows = SectionText.objects.of(section.workspace_id).filter(section_id=section.pk)
    newest = rows.order_by("-version").values_list("revision__author_label", flat=True).first()
    return str(newest or "")


def last_saves(postmortem: Postmortem) -> dict[int, SectionText]:
    """Section id -> its latest text with the revision, if written by a person."""
    rows = SectionText.objects.of(postmortem.workspace_id).filter(section__postmortem_id=postmortem.pk)
    newest = rows.order_by("section_id", "-version").distinct("section_id").select_related("revision")
    people = (Revision.Reason.EDIT, Revision.Reason.MERGE, Revision.Reason.RESTORE)
    return {one.section_id: one for one in newest if one.revision.reason in people}


def last_save(section: Section) -> SectionText | None:
    """The latest text of a section with its revision."""
    rows = SectionText.objects.of(section.workspace_id).filter(section_id=section.pk)
    found: SectionText | None = rows.order_by("-version").select_related("revision").first()
    return found


def draft_of(section: Section, user_key: str) -> SectionDraft | None:
    """A person's unsaved draft of a section, or None."""
    rows = SectionDraft.objects.of(section.workspace_id).filter(section_id=section.pk, user_key=user_key)
    found: SectionDraft | None = rows.first()
    return found


def comments_of(postmortem: Postmortem) -> list[Comment]:
    """All comments, oldest first."""
    rows = Comment.objects.of(postmortem.workspace_id).filter(postmortem_id=postmortem.pk)
    return list(rows.select_related("author", "resolved_by").order_by("id")[:500])


def _with_details(actor: Actor) -> QuerySet[Postmortem]:
    return _seen(actor.workspace_id, actor.viewer)


def _seen(workspace_id: int, viewer: int) -> QuerySet[Postmortem]:
    rows = Postmortem.objects.of(workspace_id).filter(is_seen(workspace_id, viewer, "incident"))
    return rows.select_related("incident", "template", "owner")
