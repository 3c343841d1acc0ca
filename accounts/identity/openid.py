"""allauth's OpenID Connect plus the checks it omits: nonce, issuer, same subject in ID token and userinfo."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse

NONCE_BYTES: Final = 32
_WELL_KNOWN: Final = "/.well-known/"


class CheckedAdapter(OpenIDConnectOAuth2Adapter):
    """Reject configurations and responses of another issuer. Raises OAuth2Error."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the provider's configuration; it must name the issuer that an admin entered."""
        config: dict[str, Any] = super().openid_config
        if fault := issuer_fault(self.get_provider().app.settings["server_url"], config):
            raise OAuth2Error(fault)
        return config

    def get_access_token_data(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Exchange the code for tokens, unless `iss` of the response names another issuer (RFC 9207)."""
        issuer = request.GET.get("iss")
        if issuer is not None and issuer != self.openid_config["issuer"]:
            raise OAuth2Error("the response is of another issuer")
        return super().get_access_token_data(request, *args, **kwargs)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Complete the sign-in of the person in the ID token, which is required."""
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("it sent no ID token")
        return super().complete_login(request, app, token, **kwargs)


class CheckedProvider(OpenIDConnectProvider):
    """Send a fresh nonce with each sign-in; ignore request parameters that would change the request."""

    oauth2_adapter_class = CheckedAdapter

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **_: Any
    ) -> HttpResponse:
        """Redirect to the provider; the nonce is stored with the state of this sign-in in the session."""
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        more: dict[str, Any] = {"nonce": nonce, "auth_params": {"nonce": nonce}}
        sent: HttpResponse = super().redirect(request, AuthProcess.LOGIN, next_url, data, **more)
        return sent


def issuer_fault(server_url: str, config: Mapping[str, Any]) -> str:
    """Return why a configuration is rejected, or "" if it is valid. Pure.

    It must name the issuer that was entered. If the address of the discovery document itself was entered,
    any issuer in that document is valid.
    """
    entered, stated = server_url.rstrip("/"), str(config.get("issuer") or "")
    if not stated:
        return "its configuration names no issuer"
    if _WELL_KNOWN in entered or stated.rstrip("/") == entered:
        return ""
    return f"its configuration is of the issuer {stated[:100]}, not of {entered[:100]}"


def token_fault(state: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """Return why the tokens of a sign-in are rejected, or "" if they are valid. Pure.

    `state`: the sign-in's state from the session. `sent`: the claims of `id_token` and of `userinfo`.
    """
    id_token, userinfo = sent.get("id_token") or {}, sent.get("userinfo")
    nonce = state.get("nonce")
    if not nonce or id_token.get("nonce") != nonce:
        return "the ID token was not made for this sign-in"
    if userinfo is not None and userinfo.get("sub") != id_token.get("sub"):
        return "the ID token and the user information are of two people"
    return ""
