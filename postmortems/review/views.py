"""Review pages of a postmortem: signatures, waivers, publishing, settings, and the public page."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, Problem
from core.ui.forms import note_faults, styled
from core.ui.htmx import done
from postmortems.documents.forms import DetailsForm
from postmortems.documents.page import page_context
from postmortems.documents.selectors import postmortem_for
from postmortems.export.public import public_document
from postmortems.review import services

NAV: Final = {"nav_current": "/postmortems"}
MOVES: Final = {
    "request-review": (services.request_review, "Review requested."),
    "withdraw": (services.withdraw, "Withdrawn from review."),
    "publish": (services.publish_postmortem, "Postmortem published."),
    "amend": (services.amend, "You can edit again. Readers see the published version until you publish."),
}


@require_POST
def move(request: HttpRequest, reference: str, verb: str) -> HttpResponse:
    """POST: change the status; 303, or the page with everything that is missing."""
    actor = current_actor(request)
    if verb not in MOVES:
        raise Http404
    service, words = MOVES[verb]
    version = request.POST.get("version", "")
    try:
        service(actor, reference, version=int(version) if version.isdecimal() and len(version) < 10 else None)
    except services.Incomplete as missing:
        context = {**NAV, **page_context(actor, postmortem_for(actor, reference)), "refusal": missing}
        return render(request, "postmortems/documents/detail.html", context, status=422)
    return done(request, words, url=f"/postmortems/{reference}")


@require_POST
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: sign the revision that was read, or request changes; 303."""
    actor = current_actor(request)
    revision = request.POST.get("revision", "")
    services.decide(
        actor,
        reference,
        role=request.POST.get("role", ""),
        decision=request.POST.get("decision", ""),
        note=request.POST.get("note", ""),
        revision=int(revision) if revision.isdecimal() and len(revision) < 10 else None,
    )
    return done(request, "Your decision is recorded.", url=f"/postmortems/{reference}#review")


@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: the form of a waiver. POST: waive, or with `undo` remove the waiver; 303, 422 without a reason."""
    actor = current_actor(request)
    require(actor, Capability.POSTMORTEMS_WRITE)
    postmortem = postmortem_for(actor, reference)
    subject = request.POST.get("subject", request.GET.get("subject", ""))[:80]
    context: dict[str, Any] = {
        **NAV,
        "incident": postmortem.incident,
        "postmortem": postmortem,
        "subject": subject,
    }
    if request.method != "POST":
        return render(request, "postmortems/review/waive.html", context)
    url = f"/postmortems/{reference}"
    if request.POST.get("undo"):
        services.unwaive(actor, reference, subject=subject)
        return done(request, "Waiver removed.", url=url)
    try:
        services.waive(actor, reference, subject=subject, reason=request.POST.get("reason", ""))
    except Invalid as fault:
        context |= {"fault": fault, "reason": request.POST.get("reason", "")}
        return render(request, "postmortems/review/waive.html", context, status=422)
    return done(request, "Waiver saved.", url=url)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: title, owner, meeting, public link. POST: save; 303, 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.POSTMORTEMS_WRITE)
    postmortem = postmortem_for(actor, reference)
    may_publish = allowed(actor, Capability.POSTMORTEMS_PUBLISH)
    given = (request.POST,) if request.method == "POST" else ()
    form = DetailsForm(*given, actor=actor, postmortem=postmortem, may_publish=may_publish)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.set_details(actor, reference, **form.cleaned_data)
            except Invalid as fault:
                note_faults(form, fault)
            else:
                return done(request, "Settings saved.", url=f"/postmortems/{reference}")
    context = {**NAV, "postmortem": postmortem, "incident": postmortem.incident, "form": styled(form)}
    return render(request, "postmortems/review/settings.html", context, status=status)


@require_safe
def public(request: HttpRequest, key: str) -> HttpResponse:
    """GET: the public sections of a published postmortem, for anyone with the link."""
    try:
        shown = public_document(key)
    except Problem as problem:
        raise Http404 from problem
    response = render(request, "postmortems/review/public.html", {"shown": shown})
    response["X-Robots-Tag"] = "noindex"
    return response
