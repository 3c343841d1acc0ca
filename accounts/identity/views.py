"""Settings page of sign-in: identity providers and whether one is required."""

from __future__ import annotations

from typing import Any, Final

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView, OAuth2View
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.identity.adapter import refused_page
from accounts.identity.forms import ProviderForm, values_of
from accounts.identity.openid import CheckedAdapter
from accounts.identity.selectors import admins_with_password, provider_for, providers_of
from accounts.identity.services import providers as services
from accounts.models import IdentityProvider
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE: Final = "/settings/sign-in"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}
NEW: Final = {"default_role": "viewer", "groups_claim": "groups", "enabled": True}


@require_POST
def begin(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """POST: 302 to the provider; 403 if it cannot be reached, 404 for an unknown one."""
    return _confirmed_by(OAuth2LoginView, request, provider_id)


@require_safe
def finish(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """GET, by the provider: 302, signed in as the confirmed person; 403 with the reason."""
    return _confirmed_by(OAuth2CallbackView, request, provider_id)


def _confirmed_by(step: type[OAuth2View], request: HttpRequest, provider_id: str) -> HttpResponseBase:
    try:
        response: HttpResponseBase = step.adapter_view(CheckedAdapter(request, provider_id))(request)
        return response
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except OAuth2Error as error:
        return refused_page(request, provider_id, str(error))


@require_safe
def sign_in_settings(request: HttpRequest) -> HttpResponse:
    """GET: the providers, and who must use one."""
    return _list(request)


def _list(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    actor = current_actor(request)
    context = {
        "providers": providers_of(actor),
        "workspace": workspace_of(actor),
        "admins": admins_with_password(actor),
        "refused": refused,
    }
    return render(request, "accounts/identity/providers.html", HERE | context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 303 to the provider's page, which shows the callback address; 422."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    if request.method != "POST":
        return _form(request, ProviderForm(initial=NEW))
    form = ProviderForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    try:
        provider = services.add_provider(actor, **form.values())
    except Invalid as refusal:
        note_faults(form, refusal)
        return _form(request, form, status=422)
    messages.success(request, f"{provider.name} created.")
    return SeeOther(f"{PAGE}/{provider.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the form. POST: 303, 409 and 422 with the faults."""
    actor = current_actor(request)
    provider = provider_for(actor, pk)
    if request.method != "POST":
        return _form(request, ProviderForm(initial=values_of(provider)), provider)
    form = ProviderForm(request.POST)
    if not form.is_valid():
        return _form(request, form, provider, status=422)
    try:
        services.change_provider(actor, provider_id=pk, **form.values())
    except Invalid as refusal:
        note_faults(form, refusal)
        return _form(request, form, provider, status=422)
    except Conflict as refusal:
        form.add_error(None, refusal.detail)
        return _form(request, form, provider, status=409)
    messages.success(request, "Identity provider saved.")
    return SeeOther(PAGE)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: 303, or the list with the error (409)."""
    try:
        services.remove_provider(current_actor(request), provider_id=pk)
    except Conflict as refusal:
        return _list(request, refused=refusal.detail, status=409)
    messages.success(request, "Identity provider removed.")
    return SeeOther(PAGE)


@require_POST
def save_requirement(request: HttpRequest) -> HttpResponse:
    """POST: 303, or the list with the error (409, 422)."""
    is_required, person = "identity_required" in request.POST, request.POST.get("break_glass", "")
    try:
        services.require_provider(current_actor(request), is_required=is_required, break_glass=person)
    except (Conflict, Invalid) as refusal:
        return _list(request, refused=refusal.detail, status=refusal.status)
    messages.success(request, "Saved.")
    return SeeOther(PAGE)


def _form(
    request: HttpRequest, form: ProviderForm, provider: IdentityProvider | None = None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": styled(form), "provider": provider}
    if provider is not None:
        context["callback"] = f"{settings.BASE_URL}/account/identity/{provider.slug}/callback"
    return render(request, "accounts/identity/provider.html", HERE | context, status=status)
