"""Source pages: list, setup, test."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.htmx import SeeOther, done, render
from detection.models import Source, SourceSecret
from detection.sources.forms import SecretForm, SourceForm, StyledForm
from detection.sources.selectors import secrets_of, source_for, sources_of, subscriptions_of, words_of
from detection.sources.services import sources as service
from detection.sources.services.source_test import run_source_test
from detection.webhooks.format import webhook_formats
from detection.webhooks.guide import filled

NAV = {"nav_current": "/sources"}
HIDDEN = "<key>"


def page_of(source: Source) -> str:
    """Return the URL of a source's page."""
    return f"/sources/{source.pk}"


def note_faults(form: StyledForm, fault: Invalid | Conflict) -> None:
    """Add the faults of a service to the fields they name."""
    for one in fault.faults:
        name = one.field.removeprefix("mapping.")
        form.add_error(name if name in form.fields else None, f"{one.message[:1].upper()}{one.message[1:]}.")
    if not fault.faults:
        form.add_error(None, fault.detail)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET /sources: every source, its counts, and its last error."""
    actor = current_actor(request)
    titles = {one.name: one.title for one in webhook_formats()}
    rows = [(source, titles.get(source.kind, source.kind)) for source in sources_of(actor)]
    may_change = allowed(actor, Capability.SOURCES_WRITE)
    return render_page(
        request, "detection/sources/list.html", {**NAV, "rows": rows, "may_change": may_change}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """GET: the form (`?kind=` chooses). POST: the source; 303 to its page, 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    form = SourceForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            source, _ = service.create_source(actor, **_given(form))
        except (Invalid, Conflict) as fault:
            note_faults(form, fault)
        else:
            return SeeOther(page_of(source))
    return _form(request, form, "New source", "/sources/new", "/sources")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET: the form. POST: save; 303 to its page, 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    source = source_for(actor, source_id)
    form = SourceForm(request.POST if request.method == "POST" else None, source=source)
    if request.method == "POST" and form.is_valid():
        try:
            service.update_source(actor, source_id=source_id, **_given(form))
        except (Invalid, Conflict) as fault:
            note_faults(form, fault)
        else:
            return done(request, f"{source.name} saved.", url=page_of(source))
    return _form(request, form, f"Edit {source.name}", f"{page_of(source)}/edit", page_of(source))


def _given(form: StyledForm) -> dict[str, Any]:
    return dict(form.cleaned_data)


def _form(request: HttpRequest, form: StyledForm, title: str, action: str, back: str) -> HttpResponse:
    context = {**NAV, "form": form.styled(), "title": title, "action": action, "back": back}
    status = 422 if form.is_bound else 200
    return render_page(request, "detection/sources/form.html", context, status=status)


@require_safe
def detail(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET /sources/<id>: its state, setup instructions, keys, and a test."""
    actor = current_actor(request)
    source = source_for(actor, source_id)
    return render_page(request, "detection/sources/detail.html", _context(request, actor, source))


def _context(request: HttpRequest, actor: Actor, source: Source) -> dict[str, Any]:
    secrets, form = secrets_of(actor, source), webhook_formats().get(source.kind)
    keys = [secret for secret in secrets if secret.purpose == SourceSecret.Purpose.KEY]
    key = next((text for one in keys if (text := vars(one)["text"])), HIDDEN)
    base = request.build_absolute_uri("/").rstrip("/")
    address = f"{base}/api/v1/webhooks/{source.kind}/{key}"
    return {
        **NAV, "source": source, "format": form, "guide": form.guide, "keys": keys, "is_shown": key != HIDDEN,
        "signing": [secret for secret in secrets if secret.purpose == SourceSecret.Purpose.SIGNING],
        "address": address, "snippet": filled(form.guide.snippet, base=base, address=address, key=key),
        "words": words_of(actor, source), "subscriptions": subscriptions_of(actor, source),
        "may_change": allowed(actor, Capability.SOURCES_WRITE), "secret_form": SecretForm().styled(),
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def test(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET: a body to send. POST: the log of its steps; it changes nothing."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    source = source_for(actor, source_id)
    body = request.POST.get("body") or webhook_formats().get(source.kind).guide.text
    steps = run_source_test(actor, source_id=source_id, body=body) if request.method == "POST" else []
    context = {**NAV, "source": source, "body": body, "steps": steps}
    return render(request, "detection/sources/test.html", context, part="log")


@require_POST
def add_key(request: HttpRequest, source_id: int) -> HttpResponse:
    """POST: a second key; 303 to the page that shows it."""
    actor = current_actor(request)
    service.add_key(actor, source_id=source_id)
    return done(request, "Key created; the old one works until it is revoked.", url=f"/sources/{source_id}")


@require_POST
def add_secret(request: HttpRequest, source_id: int) -> HttpResponse:
    """POST: a signing secret; 303, or 422 with the error."""
    actor = current_actor(request)
    source, form = source_for(actor, source_id), SecretForm(request.POST)
    if form.is_valid():
        try:
            service.add_signing_secret(actor, source_id=source_id, text=form.cleaned_data["text"])
        except Invalid as fault:
            note_faults(form, fault)
        else:
            return done(request, "Requests must now be signed with this secret.", url=page_of(source))
    context = _context(request, actor, source) | {"secret_form": form.styled()}
    return render_page(request, "detection/sources/detail.html", context, status=422)


@require_POST
def revoke(request: HttpRequest, source_id: int, secret_id: int) -> HttpResponse:
    """POST: revoke a key or a signing secret."""
    service.revoke_secret(current_actor(request), source_id=source_id, secret_id=secret_id)
    return done(request, "Revoked.", url=f"/sources/{source_id}")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, source_id: int) -> HttpResponse:
    """GET: what will be deleted. POST: delete; 303 to the list."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    source = source_for(actor, source_id)
    if request.method != "POST":
        return render_page(request, "detection/sources/delete.html", {**NAV, "source": source})
    service.delete_source(actor, source_id=source_id)
    return done(request, f"{source.name} is deleted.", url="/sources")
