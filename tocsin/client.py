"""Client library of the HTTP API: `tocsin.Client`."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from tocsin.problems import RefusedError, UnreachableError
from tocsin.settings import Settings, load_settings
from tocsin.version import VERSION

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_TIMEOUT_S: Final = 5.0
DEFAULT_TIMEOUT_S: Final = 30.0
MAX_TRIES: Final = 3
MAX_RETRY_AFTER_S: Final = 20.0
PAGE_SIZE: Final = 100
_NEXT: Final = re.compile(r'<([^>]+)>;\s*rel="next"')
_PASSING: Final = frozenset({429, 502, 503, 504})


class Client:
    """A connection to one Tocsin server.

    Without arguments it uses what `tocsin login` stored, `TOCSIN_URL` and `TOCSIN_TOKEN`. Reads are retried
    up to three times; writes carry an `Idempotency-Key` and are retried with the same one.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        workspace: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        tries: int = MAX_TRIES,
        settings: Settings | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        given = {"url": url or "", "token": token or "", "workspace": workspace or ""}
        self.settings = settings or load_settings(given)
        self._timeout, self._tries = timeout, tries
        self._trace = trace or (lambda _line: None)
        self._http: httpx2.Client | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def submit_event(
        self,
        event: Mapping[str, Any] | None = None,
        *,
        source: str = "",
        message: str = "",
        level: str = "",
        severity: str = "",
        event_type: str = "",
        event_id: str = "",
        timestamp: datetime | str | float | None = None,
        correlation_id: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send one event.

        The same `event_id` sent twice is stored once; by default a new one is generated.
        """
        fields: dict[str, Any] = {
            "source": source, "message": message, "level": level or severity, "event_type": event_type,
            "event_id": event_id, "timestamp": timestamp, "correlation_id": correlation_id,
            "metadata": dict(metadata or {}),
        }  # fmt: skip
        body = {
            **(event or {}),
            **{name: value for name, value in fields.items() if value not in ("", None, {})},
        }
        return self.submit_events([body])

    def submit_events(self, events: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Send up to 1,000 events at once."""
        sent = [{**event, "event_id": event.get("event_id") or str(uuid.uuid4())} for event in events]
        ready = [{name: _as_json(value) for name, value in event.items()} for event in sent]
        return cast("dict[str, Any]", self.post("/events", ready))

    def get(self, path: str, **params: Any) -> Any:
        """GET below /api/v1."""
        return self.request("GET", path, params=params)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        """POST below /api/v1. `key`: the Idempotency-Key; random by default."""
        return self.request("POST", path, body=body, key=key or str(uuid.uuid4()))

    def patch(self, path: str, body: Any) -> Any:
        """PATCH below /api/v1."""
        return self.request("PATCH", path, body=body)

    def upload(self, path: str, name: str, body: bytes) -> Any:
        """POST a file as the form field `file`, once."""
        import httpx2

        try:
            response = self._connection().post(_api_path(path), files={"file": (name, body)})
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.settings.url} cannot be reached: {_reason(error)}.") from error
        return _checked(response).json()

    def pages(self, path: str, *, limit: int | None = None, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of a list over all its pages, at most `limit` of them."""
        left = limit if limit is not None else 10**9
        address: str | None = path
        query: dict[str, Any] = {**params, "limit": min(left, PAGE_SIZE)}
        while address and left > 0:
            response = self.send("GET", address, params=query)
            for item in response.json():
                if left <= 0:
                    return
                yield item
                left -= 1
            found = _NEXT.search(response.headers.get("link", ""))
            address, query = (_below(found.group(1)) if found else None), {}

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str = "",
    ) -> Any:
        """Return the JSON of a response, or its text. Raises RefusedError and UnreachableError."""
        response = self.send(method, path, params=params, body=body, key=key)
        if response.content and "json" in response.headers.get("content-type", ""):
            return response.json()
        return response.text or None

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str = "",
    ) -> httpx2.Response:
        """Return the response, after retries."""
        headers = {"Idempotency-Key": key} if key else {}
        may_repeat = method in {"GET", "PUT", "DELETE"} or bool(key)
        query = {name: value for name, value in (params or {}).items() if value not in (None, "", [])}
        tries = self._tries if may_repeat else 1
        for number in range(1, tries + 1):
            with contextlib.suppress(_TryAgainError):
                return self._once(method, path, query, body, headers, is_last=number == tries)
            time.sleep(min(4.0, 0.2 * 2**number) * (0.5 + secrets.randbelow(500) / 1000))
        raise UnreachableError(f"{self.settings.url} cannot be reached.")

    def _once(
        self, method: str, path: str, query: Any, body: Any, headers: dict[str, str], *, is_last: bool
    ) -> httpx2.Response:
        import httpx2

        began = time.monotonic()
        try:
            response = self._connection().request(
                method, _api_path(path), params=query or None, json=body, headers=headers
            )
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            self._trace(f"{method} {_api_path(path)}: {_reason(error)}")
            if is_last or not isinstance(error, httpx2.TransportError):
                raise UnreachableError(f"{self.settings.url} cannot be reached: {_reason(error)}.") from error
            raise _TryAgainError from error
        spent = (time.monotonic() - began) * 1000
        self._trace(f"{method} {response.url}: {response.status_code} in {spent:.0f} ms")
        if response.status_code in _PASSING and not is_last:
            time.sleep(_retry_after(response))
            raise _TryAgainError
        return _checked(response)

    def _connection(self) -> httpx2.Client:
        import httpx2

        if self._http is None:
            headers = {"User-Agent": f"tocsin/{VERSION}", "Accept": "application/json"}
            if self.settings.token:
                headers["Authorization"] = f"Bearer {self.settings.token}"
            if self.settings.workspace:
                headers["X-Workspace"] = self.settings.workspace
            timeout = httpx2.Timeout(self._timeout, connect=CONNECT_TIMEOUT_S)
            self._http = httpx2.Client(
                base_url=self.settings.url, headers=headers, timeout=timeout, verify=self._certificates()
            )
        return self._http

    def _certificates(self) -> ssl.SSLContext | bool:
        """Return the usual ones; for a server without TLS none, since reading them takes 25 ms."""
        import ssl

        is_encrypted = self.settings.url.lower().startswith("https:")
        return True if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def stream_lines(self, path: str, *, params: Mapping[str, Any], last_id: str = "") -> Iterator[str]:
        """Yield the lines of a stream of server-sent events."""
        import httpx2

        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        timeout = httpx2.Timeout(CONNECT_TIMEOUT_S, read=30.0)
        try:
            with self._connection().stream(
                "GET", _api_path(path), params=dict(params), headers=headers, timeout=timeout
            ) as response:
                if response.status_code != 200:
                    response.read()
                    _checked(response)
                yield from response.iter_lines()
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.settings.url} cannot be reached: {_reason(error)}.") from error


class _TryAgainError(Exception):
    """The attempt failed, and a retry may succeed."""


def path_of(*parts: object) -> str:
    """Return a path of quoted parts."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def _api_path(path: str) -> str:
    return path if path.startswith("/api/") else f"/api/v1{path}"


def _below(address: str) -> str:
    """Return path and query of a full URL: the server may use another host name than the client."""
    return "/" + address.split("://", 1)[-1].split("/", 1)[-1]


def _retry_after(response: httpx2.Response) -> float:
    given = response.headers.get("retry-after", "")
    return min(float(given), MAX_RETRY_AFTER_S) if given.isdigit() else 0.0


def _checked(response: httpx2.Response) -> httpx2.Response:
    status = response.status_code
    if status < 400:
        return response
    problem: Any = {}
    with contextlib.suppress(ValueError):
        problem = response.json()
    problem = problem if isinstance(problem, dict) else {}
    if status >= 500 or status == 429:
        reason = problem.get("detail") or problem.get("title") or response.reason_phrase
        raise UnreachableError(f"The server returned {status}: {reason}", status)
    raise RefusedError(status, problem)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return getattr(value, "value", value)
