"""Public pages served by Django: those that require sign-in, or without the ASGI callable."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.identity.bound_session import bound_workspace
from accounts.models import Membership, User
from accounts.sign_in.page_authentication import signed_in
from status.snapshots.disk import PageCopy
from status.snapshots.responses import headers_of
from status.snapshots.store import store


@require_safe
def page(request: HttpRequest, slug: str, form: str = "index") -> HttpResponse:
    """GET: a form of the page; pages that require sign-in redirect anonymous people."""
    copy = copy_for(request, slug)
    found = copy.forms.get(form)
    if found is None:
        raise Http404
    status, headers, body = headers_of(
        found,
        is_public=copy.is_public,
        accepts_gzip="gzip" in request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )
    return HttpResponse(body, status=status, headers=dict(headers))


def copy_for(request: HttpRequest, slug: str) -> PageCopy:
    """The page, if the user may read it. Raises Http404, also for users of other domains; Unauthenticated if
    sign-in is required."""
    copy = copy_named(slug)
    if not (copy.is_public or _may_read(request, signed_in(request), copy)):
        raise Http404
    return copy


def copy_named(slug: str) -> PageCopy:
    """The page, for a signed link. Raises Http404."""
    pages = store()
    pages.refresh()
    copy = pages.get(slug)
    if copy is None:
        raise Http404
    return copy


def _may_read(request: HttpRequest, user: User, copy: PageCopy) -> bool:
    """Whether the user is a member, or has an address in one of the page's domains that counts as verified.

    Neither counts in a session that the identity provider of another workspace vouches for.
    """
    if bound_workspace(request) not in (None, copy.workspace_id):
        return False
    if user.is_proven_in(copy.workspace_id) and user.email.rpartition("@")[2].lower() in copy.domains:
        return True
    return Membership.objects.of(copy.workspace_id).filter(user=user).exists()
