"""HTTP client for requests to configured addresses, with an address guard and limits.

All outgoing requests use it. `request()` returns the response of a success (2xx) and raises otherwise:
HttpPassingError where a retry may help, HttpPermanentError where it cannot.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx2
import orjson
from django.conf import settings

from core.http.addresses import IPNetwork
from core.http.transport import GuardedTransport, RefusedAddressError, limited
from core.queue.retry import PassingError, PermanentError, parse_retry_after

CONNECT_S: Final = 5.0
TOTAL_S: Final = 15.0
MAX_BYTES: Final = 1_000_000
MAX_DETAIL_LENGTH: Final = 500
_PASSING: Final = {408, 425, 429}
USER_AGENT: Final = "Tocsin"


class HttpPassingError(PassingError):
    """A retry may help. may_have_acted: the receiver may have processed the request."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        body: str = "",
        retry_after: float | None = None,
        may_have_acted: bool = False,
    ) -> None:
        super().__init__(message, retry_after)
        self.status, self.body, self.may_have_acted = status, body, may_have_acted


class HttpPermanentError(PermanentError):
    """A retry cannot help: refused by the receiver or by the address guard."""

    def __init__(self, message: str, *, status: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A successful response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        """Return the body decoded as UTF-8, invalid bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises HttpPassingError for anything else, often a proxy's error page.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise HttpPassingError(
                "the response is not JSON", status=self.status, body=self.text[:MAX_DETAIL_LENGTH]
            ) from None


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    content: bytes | None = None,
    data: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    connect_s: float = CONNECT_S,
    total_s: float = TOTAL_S,
    max_bytes: int = MAX_BYTES,
    cuts_body: bool = False,
    max_redirects: int = 0,
    allows_plain: bool = False,
) -> HttpResponse:
    """Send one request. Raises HttpPassingError and HttpPermanentError.

    cuts_body: keep the first `max_bytes` of a longer body instead of failing. max_redirects: followed for GET
    and HEAD only, each target checked like the first. allows_plain: plain HTTP to public addresses; addresses
    of HTTP_ALLOWED_NETWORKS may always be reached by it.
    """
    built = _built(method, url, json, content, data, params, headers, connect_s, total_s)
    follows = max_redirects > 0 and method.upper() in {"GET", "HEAD"}
    client = _client()
    try:
        with limited(total_s, allows_plain=allows_plain):
            return _exchange(client, built, max_redirects if follows else 0, max_bytes, cuts_body)
    except RefusedAddressError as error:
        raise HttpPermanentError(str(error)) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise HttpPassingError(f"{built.url.host} cannot be reached: {_text(error)}") from error
    except (httpx2.HTTPError, ssl.SSLError) as error:
        message = f"{built.url.host} did not respond: {_text(error)}"
        raise HttpPassingError(message, may_have_acted=True) from error


def _built(
    method: str,
    url: str,
    json: Any,
    content: bytes | None,
    data: Mapping[str, str] | None,
    params: Mapping[str, str] | None,
    headers: Mapping[str, str] | None,
    connect_s: float,
    total_s: float,
) -> httpx2.Request:
    given = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})}
    if json is not None:
        content, given = orjson.dumps(json), {"Content-Type": "application/json", **given}
    timeout = httpx2.Timeout(total_s, connect=connect_s)
    try:
        built = httpx2.Request(
            method,
            url,
            params=params,
            headers=given,
            content=content,
            data=data,
            extensions={"timeout": timeout.as_dict()},
        )
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise HttpPermanentError(f"not a valid request: {error}") from None
    if built.url.scheme not in {"http", "https"} or not built.url.host:
        raise HttpPermanentError("the address must begin with https:// and name a host")
    return built


def _exchange(
    client: httpx2.Client, built: httpx2.Request, redirects: int, max_bytes: int, cuts_body: bool
) -> HttpResponse:
    response = client.send(built, stream=True, follow_redirects=False)
    try:
        if redirects and response.next_request is not None:
            return _exchange(client, response.next_request, redirects - 1, max_bytes, cuts_body)
        return _checked(response, _body(response, max_bytes, cuts_body))
    finally:
        response.close()


def _body(response: httpx2.Response, max_bytes: int, cuts_body: bool) -> bytes:
    """Read the raw body: compression is not requested and not undone."""
    pieces, size = [], 0
    for piece in response.iter_raw(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            if response.is_success and not cuts_body:
                raise HttpPermanentError(f"the response is longer than {max_bytes:,} bytes")
            break
    return b"".join(pieces)[:max_bytes]


def _checked(response: httpx2.Response, body: bytes) -> HttpResponse:
    status = response.status_code
    if response.is_success:
        return HttpResponse(status, dict(response.headers), body, str(response.url))
    detail = body.decode("utf-8", "replace")[:MAX_DETAIL_LENGTH]
    message = f"{response.url.host} returned {status} {response.reason_phrase}".rstrip()
    if status in _PASSING or status >= 500:
        retry_after = parse_retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
        raise HttpPassingError(
            message, status=status, body=detail, retry_after=retry_after, may_have_acted=status >= 500
        )
    raise HttpPermanentError(message, status=status, body=detail)


@cache
def _transport(allowed: tuple[IPNetwork, ...]) -> GuardedTransport:
    """Return the transport of this process; it reuses connections."""
    return GuardedTransport(allowed, ssl.create_default_context())


def _client() -> httpx2.Client:
    """Return a client for one request, so that no cookie is stored."""
    return httpx2.Client(transport=_transport(settings.HTTP_ALLOWED_NETWORKS), trust_env=False)


def _text(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:MAX_DETAIL_LENGTH]
