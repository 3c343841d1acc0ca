"""allauth adapter for identity providers, which are found by the slug in the URL."""

from __future__ import annotations

from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.identity.claims import SignInRefused, read_claims
from accounts.identity.http_session import GuardedSession
from accounts.identity.openid import CheckedProvider, answer_fault
from accounts.identity.selectors import provider_named
from accounts.identity.services.admitting import admit
from accounts.models import IdentityProvider, User
from core.http.security_log import note, seen_of
from core.secrets.encryption import decrypt

KIND = "openid_connect"


class IdentityAdapter(DefaultSocialAccountAdapter):
    """Adapter named by the setting SOCIALACCOUNT_ADAPTER."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the provider of that slug in allauth's form. Nothing is stored in allauth's own table."""
        found = provider_named(provider) if provider else None
        return [] if found is None or client_id not in (None, found.client_id) else [_app_of(found)]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """The provider with our checks. Raises SocialApp.DoesNotExist."""
        return CheckedProvider(request, app=super().get_provider(request, provider, client_id).app)

    def get_requests_session(self) -> GuardedSession:
        """Return the guarded HTTP client, which refuses private addresses and limits time and size."""
        return GuardedSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or create the account; it is linked to the subject from now on."""
        provider = provider_named(sociallogin.account.provider)
        if provider is None:
            raise ImmediateHttpResponse(_page(request, "This identity provider was removed."))
        if fault := answer_fault(sociallogin.state, sociallogin.account.extra_data):
            raise ImmediateHttpResponse(refused_page(request, provider.slug, fault))
        linked = sociallogin.user if sociallogin.is_existing else None
        signed_in = request.user if isinstance(request.user, User) else None
        try:
            claims = read_claims(provider, _sent(sociallogin))
            user = admit(provider=provider, claims=claims, linked=linked, signed_in=signed_in)
        except SignInRefused as refusal:
            raise ImmediateHttpResponse(_page(request, refusal.detail)) from None
        if linked is None:
            sociallogin.connect(request, user)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False: accounts are created by `admit` only."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> NoReturn:
        """Render the error when the provider refused or could not be reached."""
        why = str(exception or error or "the response does not belong to a sign-in of this browser")
        raise ImmediateHttpResponse(refused_page(request, provider.app.provider_id, why))


def _app_of(provider: IdentityProvider) -> SocialApp:
    return SocialApp(
        provider=KIND,
        provider_id=provider.slug,
        name=provider.name,
        client_id=provider.client_id,
        secret=decrypt(provider.sealed_secret),
        settings={"server_url": provider.server_url, "oauth_pkce_enabled": True},
    )


def _sent(sociallogin: SocialLogin) -> dict[str, Any]:
    data = sociallogin.account.extra_data
    return {**data.get("id_token", {}), **data.get("userinfo", {})}


def refused_page(request: HttpRequest, slug: str, why: str) -> HttpResponse:
    """Return a 403 page: the provider did not confirm the person, or could not be reached."""
    provider = provider_named(slug)
    name = provider.name if provider else "The identity provider"
    return _page(request, f"{name} did not confirm who you are: {why[:200]}.")


def _page(request: HttpRequest, why: str) -> HttpResponse:
    note("sign_in.refused", means="identity provider", **seen_of(request))
    return render(request, "accounts/identity/refused.html", {"why": why}, status=403)
