"""Postmortem pages: list, document, sections, comments and revisions."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import done
from core.ui.markdown import document
from incidents.selectors import incident_for
from postmortems.documents.commands import expand
from postmortems.documents.comments import add_comment, resolve_comment
from postmortems.documents.diffs import diff_lines
from postmortems.documents.forms import CommentForm, SectionForm
from postmortems.documents.models import Postmortem, Section, Status
from postmortems.documents.page import page_context
from postmortems.documents.selectors import (
    MAX_LISTED,
    comments_of,
    draft_of,
    postmortem_for,
    postmortem_of,
    postmortems_page,
    revision_for,
    revisions_of,
    section_of,
    texts_at,
)
from postmortems.documents.services import BothChanged, restore_revision, save_section
from postmortems.documents.texts import MAX_SECTION_CHARS
from postmortems.drafting.services import draft_postmortem
from postmortems.template_library.selectors import templates_of
from postmortems.template_library.services import ensure_templates

NAV: Final = {"nav_current": "/postmortems"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET /postmortems: newest first; `?status=`, `?text=`, `?before=`."""
    actor = current_actor(request)
    status, text = request.GET.get("status", ""), request.GET.get("text", "").replace("\0", "")[:200]
    status = status if status in Status.values else ""
    before = request.GET.get("before", "")
    rows = postmortems_page(
        actor,
        status=status,
        text=text,
        before=int(before) if before.isdecimal() and len(before) < 18 else None,
    )
    shown = rows[:MAX_LISTED]
    context = {
        **NAV,
        "rows": shown,
        "status": status,
        "statuses": Status.choices,
        "text": text,
        "next": shown[-1].pk if len(rows) > MAX_LISTED else None,
    }
    return render(request, "postmortems/documents/list.html", context)


@require_safe
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /postmortems/INC-42: the document, or a button to draft it."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    postmortem = postmortem_of(actor, incident)
    may_write = allowed(actor, Capability.POSTMORTEMS_WRITE)
    if postmortem is None:
        ensure_templates(actor.workspace_id)
        context = {**NAV, "incident": incident, "templates": templates_of(actor), "may_write": may_write}
        return render(request, "postmortems/documents/none.html", context)
    return render(request, "postmortems/documents/detail.html", {**NAV, **page_context(actor, postmortem)})


@require_POST
def draft(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: draft it, or update its facts; 303 to it."""
    actor = current_actor(request)
    made = draft_postmortem(actor, reference, template=request.POST.get("template", "")[:60])
    url = f"/postmortems/{made.incident.reference}"
    return done(request, f"Postmortem of {made.incident.reference} is up to date.", url=url)


@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    """GET: the editor of a section. POST: save; 303, 409 with both texts, 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.POSTMORTEMS_WRITE)
    postmortem = postmortem_for(actor, reference)
    found = section_of(postmortem, key)
    if request.method != "POST":
        initial = {"text": found.text, "base_version": found.version, "client_id": uuid.uuid4().hex}
        return _editor(request, actor, postmortem, found, SectionForm(initial=initial))
    form = SectionForm(request.POST)
    if not form.is_valid():
        return _editor(request, actor, postmortem, found, form, status=422)
    return _save(request, actor, postmortem, found, form)


def _save(
    request: HttpRequest, actor: Actor, postmortem: Postmortem, found: Section, form: SectionForm
) -> HttpResponse:
    given = form.cleaned_data
    reference = postmortem.incident.reference
    try:
        text = expand(actor, postmortem.incident, given["text"], client_id=given["client_id"])
        saved = save_section(
            actor, reference, found.key,
            base_version=given["base_version"], text=text, client_id=given["client_id"],
        )  # fmt: skip
    except BothChanged as conflict:
        return _both(request, actor, postmortem, found, conflict)
    except Invalid as fault:
        note_faults(form, fault)
        return _editor(request, actor, postmortem, found, form, status=422)
    words = f"{found.title} saved, version {saved.version}."
    if saved.merged:
        words += f" Includes the change by {saved.by_other}."
    return done(request, words, url=f"/postmortems/{reference}#section-{found.key}")


def _both(
    request: HttpRequest, actor: Actor, postmortem: Postmortem, found: Section, conflict: BothChanged
) -> HttpResponse:
    """Conflict page; a text saved from it is based on the stored text."""
    extra = conflict.extra
    choices = {
        "yours": extra["yours"],
        "theirs": extra["theirs"],
        "both": f"{extra['theirs']}\n\n{extra['yours']}"[:MAX_SECTION_CHARS],
    }
    initial = {"text": extra["yours"], "base_version": extra["version"], "client_id": uuid.uuid4().hex}
    more = {
        "conflict": conflict,
        "choices": choices,
        "hunks": extra["hunks"],
        "theirs_diff": diff_lines(extra["base"], extra["theirs"]),
        "yours_diff": diff_lines(extra["base"], extra["yours"]),
        "by": extra["by"],
    }
    form = SectionForm(initial=initial)
    return _editor(request, actor, postmortem, found, form, status=409, template="both_changed", **more)


def _editor(
    request: HttpRequest,
    actor: Actor,
    postmortem: Postmortem,
    found: Section,
    form: SectionForm,
    *,
    status: int = 200,
    template: str = "editor",
    **more: Any,
) -> HttpResponse:
    draft = draft_of(found, f"user:{actor.user_id}")
    form.fields["text"].widget.attrs["data-attach"] = (
        f"/incidents/{postmortem.incident.reference}/attachments"
    )
    context = {
        **NAV,
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "section": found,
        "form": styled(form),
        "saved_key": f"{postmortem.incident.number}:{found.key}",
        "draft": draft,
        "draft_diff": diff_lines(found.text, draft.text) if draft else [],
        "comments": [one for one in comments_of(postmortem) if one.section_key == found.key],
        "is_editable": postmortem.status != Status.PUBLISHED,
        **more,
    }
    return render(request, f"postmortems/documents/{template}.html", context, status=status)


@require_POST
def preview(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: render the text as in the document."""
    postmortem_for(current_actor(request), reference)
    return HttpResponse(document(request.POST.get("text", "")[:MAX_SECTION_CHARS]))


@require_POST
def comment(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: a comment on a section; 303 back to it."""
    actor, form = current_actor(request), CommentForm(request.POST)
    postmortem = postmortem_for(actor, reference)
    if not form.is_valid():
        raise Invalid("A comment must have 1 to 5,000 characters. Nothing was saved.")
    made = add_comment(actor, reference, **form.cleaned_data)
    url = f"/postmortems/{postmortem.incident.reference}#section-{made.section_key}"
    return done(request, "Comment added.", url=url)


@require_POST
def resolve(request: HttpRequest, reference: str, comment_id: int) -> HttpResponse:
    """POST: resolve a comment; 303 back to its section."""
    actor = current_actor(request)
    made = resolve_comment(actor, reference, comment_id)
    return done(request, "Comment resolved.", url=f"/postmortems/{reference}#section-{made.section_key}")


@require_safe
def versions(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: the revisions, newest first."""
    actor = current_actor(request)
    postmortem = postmortem_for(actor, reference)
    titles = {one.key: one.title for one in postmortem.sections.all()}
    rows = [
        (one, [titles.get(key, key) for key in list(one.changed)[:4]], len(one.changed))
        for one in revisions_of(postmortem)
    ]
    context = {**NAV, "postmortem": postmortem, "incident": postmortem.incident, "rows": rows}
    return render(request, "postmortems/documents/versions.html", context)


@require_safe
def version(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """GET: the changes of a revision."""
    actor = current_actor(request)
    postmortem = postmortem_for(actor, reference)
    revision = revision_for(postmortem, number)
    before, after = texts_at(postmortem, number - 1), texts_at(postmortem, number)
    titles = {one.key: one.title for one in postmortem.sections.all()}
    changes = [
        (titles.get(key, key), diff_lines(before.get(key, (0, ""))[1], after.get(key, (0, ""))[1]))
        for key in revision.changed
    ]
    context = {
        **NAV,
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "revision": revision,
        "changes": [(title, lines) for title, lines in changes if lines],
        "may_restore": allowed(actor, Capability.POSTMORTEMS_WRITE) and number < postmortem.revision,
    }
    return render(request, "postmortems/documents/version.html", context)


@require_POST
def restore(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """POST: restore all sections of a revision; 303 to the document."""
    actor = current_actor(request)
    made = restore_revision(actor, reference, number)
    words = f"Revision {number} restored." if made else f"Nothing differs from revision {number}."
    return done(request, words, url=f"/postmortems/{reference}")
