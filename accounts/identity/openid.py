"""allauth's OpenID Connect with the checks it leaves out: nonce, issuer, one subject in both answers."""

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
    """Asks the provider; refuses what is of another issuer. Raises OAuth2Error."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's configuration, which must be of the issuer that an admin entered."""
        config: dict[str, Any] = super().openid_config
        if fault := issuer_fault(self.get_provider().app.settings["server_url"], config):
            raise OAuth2Error(fault)
        return config

    def get_access_token_data(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The tokens for the code, unless the response says that another issuer sent it (RFC 9207)."""
        said = request.GET.get("iss")
        if said is not None and said != self.openid_config["issuer"]:
            raise OAuth2Error("the response is of another issuer")
        return super().get_access_token_data(request, *args, **kwargs)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """The person of the ID token, without which there is no sign-in."""
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("it sent no ID token")
        return super().complete_login(request, app, token, **kwargs)


class CheckedProvider(OpenIDConnectProvider):
    """Sends a fresh nonce with each sign-in; nothing in the address of ours changes what is asked."""

    oauth2_adapter_class = CheckedAdapter

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **_: Any
    ) -> HttpResponse:
        """To the provider; the nonce is kept with the state of this sign-in in the session."""
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        more: dict[str, Any] = {"nonce": nonce, "auth_params": {"nonce": nonce}}
        sent: HttpResponse = super().redirect(request, AuthProcess.LOGIN, next_url, data, **more)
        return sent


def issuer_fault(server_url: str, config: Mapping[str, Any]) -> str:
    """Why a configuration may not be used; "" where it may. Pure.

    The issuer that was entered must be the one it names. Where the address of the document itself was
    entered, that document says which issuer it is.
    """
    entered, stated = server_url.rstrip("/"), str(config.get("issuer") or "")
    if not stated:
        return "its configuration names no issuer"
    if _WELL_KNOWN in entered or stated.rstrip("/") == entered:
        return ""
    return f"its configuration is of the issuer {stated[:100]}, not of {entered[:100]}"


def answer_fault(state: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """Why the answers to a sign-in may not be used; "" where they may. Pure.

    `state`: what the session kept of the sign-in. `sent`: the claims of `id_token` and of `userinfo`.
    """
    id_token, userinfo = sent.get("id_token") or {}, sent.get("userinfo")
    nonce = state.get("nonce")
    if not nonce or id_token.get("nonce") != nonce:
        return "the ID token was not made for this sign-in"
    if userinfo is not None and userinfo.get("sub") != id_token.get("sub"):
        return "the ID token and the user information are of two people"
    return ""
