"""Exports a postmortem as a file in one of four formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.template.loader import render_to_string

from accounts.actor import Actor
from core.ui.markdown import document
from incidents.validation import invalid
from postmortems.documents.selectors import postmortem_for
from postmortems.export.document import export_of, postmortem_json
from postmortems.export.pdf import pdf_of

ALIASES: Final = {"md": "markdown", "": "markdown"}
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox"


def export_file(actor: Actor, reference: int | str, word: str) -> HttpResponse:
    """Download response. Raises Invalid (field `format`), NotFound, Forbidden, Unavailable."""
    name = ALIASES.get(word, word)
    if name not in FORMATS:
        raise invalid("format", "choice", f"must be one of {', '.join(FORMATS)}")
    make, content_type, ending = FORMATS[name]
    postmortem = postmortem_for(actor, reference)
    response = HttpResponse(make(actor, reference), content_type=content_type)
    filename = f"postmortem-{postmortem.incident.reference}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _markdown(actor: Actor, reference: int | str) -> str:
    return export_of(actor, reference).markdown()


def _html(actor: Actor, reference: int | str) -> str:
    one = export_of(actor, reference)
    return render_to_string(
        "postmortems/export/document.html", {"title": one.postmortem.title, "body": document(one.markdown())}
    )


def _pdf(actor: Actor, reference: int | str) -> bytes:
    one = export_of(actor, reference)
    return pdf_of(one.postmortem.title, one.markdown())


def _json(actor: Actor, reference: int | str) -> str:
    body = postmortem_json(actor, postmortem_for(actor, reference))
    return json.dumps(body, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)


Make = Callable[[Actor, int | str], Any]
FORMATS: Final[dict[str, tuple[Make, str, str]]] = {
    "markdown": (_markdown, "text/markdown; charset=utf-8", "md"),
    "html": (_html, "text/html; charset=utf-8", "html"),
    "pdf": (_pdf, "application/pdf", "pdf"),
    "json": (_json, "application/json", "json"),
}
