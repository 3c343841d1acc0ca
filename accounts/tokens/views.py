"""API token pages: list, issue, rotate, revoke. The token is shown once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, require
from accounts.selectors import token_for, tokens_of
from accounts.sign_in.page_authentication import current_actor
from accounts.tokens import services
from accounts.tokens.forms import OVERLAPS, SCOPE_WORDS, TokenForm
from accounts.validation import invalid, refuse_personal
from core.errors import Conflict, Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE: Final = "/settings/tokens"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE, "scopes": SCOPE_WORDS}
SENT: Final = "token_forms_sent"
MAX_SENT_KEYS: Final = 20
DEFAULT_LIFE: Final = timedelta(days=90)


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """GET: every token, live ones first."""
    return _list(request)


def _list(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    now, everything = timezone.now(), tokens_of(current_actor(request))
    live = [t for t in everything if not t.revoked_at and not (t.expires_at and t.expires_at <= now)]
    ended = [t for t in everything if t not in live]
    context = {"live": live, "ended": ended[:50], "ended_count": len(ended), "refused": refused}
    return render(request, "accounts/tokens/list.html", HERE | context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def issue(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 201 with the text, once, even if sent repeatedly; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.TOKENS_WRITE)
    if request.method != "POST":
        expires_at = (timezone.now() + DEFAULT_LIFE).replace(second=0, microsecond=0)
        return _form(request, TokenForm(initial={"request_key": uuid.uuid4().hex, "expires_at": expires_at}))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    if _was_sent(request, form):
        messages.error(
            request, "This form was already submitted. One token was created; it is shown only once."
        )
        return SeeOther(PAGE)
    data = form.cleaned_data
    given = {name: data[name] for name in ("name", "scopes", "expires_at")}
    try:
        issued = services.issue_token(actor, **given)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _form(request, form, status=422)
    _note_sent(request, form)
    return _shown_once(request, issued)


def _was_sent(request: HttpRequest, form: TokenForm) -> bool:
    return form.cleaned_data["request_key"] in request.session.get(SENT, [])


def _note_sent(request: HttpRequest, form: TokenForm) -> None:
    if key := form.cleaned_data["request_key"]:
        request.session[SENT] = [*request.session.get(SENT, []), key][-MAX_SENT_KEYS:]


def _form(request: HttpRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    return render(request, "accounts/tokens/new.html", HERE | {"form": styled(form)}, status=status)


def _shown_once(request: HttpRequest, issued: services.IssuedToken, **more: object) -> HttpResponse:
    context = {"token": issued.row, "text": issued.text, **more}
    response = render(request, "accounts/tokens/issued.html", HERE | context, status=201)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest, token_id: str) -> HttpResponse:
    """GET: the form for the overlap. POST: 201 with the new text, once; 409 if ended or personal."""
    actor = current_actor(request)
    token = token_for(actor, _number(token_id))
    try:
        refuse_personal(token)
        if request.method != "POST":
            return render(
                request, "accounts/tokens/rotate.html", HERE | {"token": token, "overlaps": OVERLAPS}
            )
        hours = _hours(request.POST.get("overlap_hours", ""))
        issued = services.rotate_token(actor, token_id=token.pk, overlap_hours=hours)
    except (Conflict, Invalid) as refusal:
        return _list(request, refused=refusal.detail, status=refusal.status)
    return _shown_once(request, issued, replaced=token_for(actor, token.pk))


def _number(text: str) -> int:
    """Return the key in a URL; 0, which is never used, if it is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _hours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise invalid("overlap_hours", "range", "must be a whole number of hours")
    return int(text)


@require_POST
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """POST: revoke the token; 303, or the list with the error (409)."""
    try:
        token = services.revoke_token(current_actor(request), token_id=_number(token_id))
    except Conflict as refusal:
        return _list(request, refused=refusal.detail, status=refusal.status)
    messages.success(request, f"{token.name} revoked.")
    return SeeOther(PAGE)
