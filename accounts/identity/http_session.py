"""HTTP session for allauth's requests to identity providers, using the guarded client."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from core.http import client
from core.http.client import HttpPassingError, HttpPermanentError, HttpResponse


@dataclass(frozen=True, slots=True)
class Response:
    """A successful response, with the attribute names that allauth reads."""

    inner: HttpResponse

    @property
    def status_code(self) -> int:
        return self.inner.status

    @property
    def headers(self) -> Mapping[str, str]:
        return {"content-type": "", **{name.lower(): value for name, value in self.inner.headers.items()}}

    @property
    def text(self) -> str:
        return self.inner.text

    @property
    def content(self) -> bytes:
        return self.inner.body

    def json(self) -> Any:
        return self.inner.json()

    def raise_for_status(self) -> None:
        """Do nothing: errors were raised by the request."""


class GuardedSession:
    """The part of `requests.Session` that allauth needs.

    Raises OAuth2Error, which allauth shows as an error page.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: there is nothing to close."""

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        return self.request("GET", url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> Response:
        """Send a request. `auth` is None or has a `username` and a `password`, sent as Basic."""
        sent = {"Accept": "application/json", **(headers or {})}
        if auth is not None:
            pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
            sent["Authorization"] = f"Basic {pair}"
        try:
            return Response(client.request(method, url, params=params, data=data, headers=sent))
        except (HttpPassingError, HttpPermanentError) as error:
            raise OAuth2Error(str(error)) from error
