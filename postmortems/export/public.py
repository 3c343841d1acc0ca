"""Public page of a published postmortem: the sections for everyone, redacted again."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from core.errors import NotFound
from core.redaction import redact
from core.ui.markdown import markdown
from postmortems.documents.models import Postmortem
from postmortems.documents.page import shown_sections
from postmortems.export.assembly import Part, assemble
from postmortems.export.document import build
from postmortems.review.selectors import review_of


@dataclass(frozen=True)
class PublicDocument:
    """Content visible to anyone with the link."""

    title: str
    html: SafeString


def public_document(key: str) -> PublicDocument:
    """The published revision of a public link. Raises NotFound, also if the link is disabled."""
    rows = Postmortem.across_workspaces.select_related("incident", "template", "incident__workspace")
    found: Postmortem | None = (
        rows.filter(
            public_key=key, public_link=True, published_revision__isnull=False, incident__is_private=False
        ).first()
        if key
        else None
    )
    if found is None:
        raise NotFound("Page not found.")
    sections = shown_sections(found, review_of(found), revision=found.published_revision)
    parts = [_redacted(one) for one in build(found, sections, public=True).parts]
    text = assemble("", parts, "", has_dividers=False)
    return PublicDocument(redact(found.published_title or found.title), markdown(text))


def _redacted(part: Part) -> Part:
    return Part(part.style, part.title, part.has_text, redact(part.text), redact(part.note))
