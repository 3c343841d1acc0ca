"""Transport of the HTTP client: resolves names itself and connects only to addresses it has checked.

A name is resolved once for each connection, all of its addresses are checked, and the connection goes to one
of these: DNS rebinding gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpcore2
import httpx2

from core.http.addresses import IPAddress, IPNetwork, is_allowed_network, refusal

MAX_ADDRESSES: Final = 16
MAX_CONNECTIONS: Final = 32


class RefusedAddressError(Exception):
    """The target resolves to an address that outgoing requests may not reach."""


@dataclass(frozen=True, slots=True)
class Call:
    """Limits of the request that the current thread makes."""

    deadline: float
    allows_plain: bool


_calls = threading.local()


@contextmanager
def limited(total_s: float, *, allows_plain: bool) -> Iterator[None]:
    """Requests of this thread end within `total_s` seconds in total."""
    _calls.now = Call(time.monotonic() + total_s, allows_plain)
    try:
        yield
    finally:
        _calls.now = None


def _time_left(timeout: float | None, error: type[Exception]) -> float | None:
    call: Call | None = getattr(_calls, "now", None)
    if call is None:
        return timeout
    left = call.deadline - time.monotonic()
    if left <= 0:
        raise error("the request took too long in all")
    return left if timeout is None else min(timeout, left)


class GuardedTransport(httpx2.HTTPTransport):
    """`httpx2.HTTPTransport` on checked connections; ignores proxies of the environment."""

    def __init__(self, allowed: Sequence[IPNetwork], context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(allowed),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request.

        Raises RefusedAddressError for plain HTTP unless the call or the operator's list allows it.
        """
        call: Call | None = getattr(_calls, "now", None)
        _calls.is_plain = request.url.scheme == "http" and not (call and call.allows_plain)
        return super().handle_request(request)


class GuardedBackend(httpcore2.NetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, allowed: Sequence[IPNetwork]) -> None:
        self._allowed = tuple(allowed)
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect. Raises RefusedAddressError, and httpcore2's errors where nothing can be reached."""
        until = time.monotonic() + (timeout or 5.0)
        addresses = resolve(host, port, timeout or 5.0)
        self._check(host, addresses)
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            left = until - time.monotonic()
            if left <= 0:
                raise httpcore2.ConnectTimeout(f"{host} was not reached in time")
            try:
                stream = self._sockets.connect_tcp(str(address), port, left, local_address, socket_options)
                return LimitedStream(stream)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _check(self, host: str, addresses: Sequence[IPAddress]) -> None:
        for address in addresses:
            if reason := refusal(address, self._allowed):
                raise RefusedAddressError(f"{host} may not be reached: {reason}")
            if getattr(_calls, "is_plain", False) and not is_allowed_network(address, self._allowed):
                raise RefusedAddressError(f"{host} may not be reached over plain HTTP: use https")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        """Raise RefusedAddressError."""
        raise RefusedAddressError("sockets of this machine may not be reached")

    def sleep(self, seconds: float) -> None:
        """Do nothing: used between attempts to connect, of which there is only one."""
        time.sleep(seconds)


class LimitedStream(httpcore2.NetworkStream):
    """A connection whose reads and writes end with the time limit of the call."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raises httpcore2.ReadTimeout."""
        return self._stream.read(max_bytes, _time_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises httpcore2.WriteTimeout."""
        self._stream.write(buffer, _time_left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Return the connection with TLS; the certificate is checked for the requested host name."""
        return LimitedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return the information of the wrapped stream."""
        return self._stream.get_extra_info(info)


def look_up(host: str, port: int) -> list[Any]:
    """Return what the system's resolver returns. Raises OSError and UnicodeError."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def resolve(host: str, port: int, timeout_s: float) -> list[IPAddress]:
    """Return every address of `host`. Raises httpcore2.ConnectError and ConnectTimeout.

    The system's resolver has no time limit, so it runs in a thread of its own.
    """
    result: SimpleQueue[list[Any] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            result.put(look_up(host, port))
        except (OSError, UnicodeError) as error:
            result.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        found = result.get(timeout=timeout_s)
    except Empty:
        raise httpcore2.ConnectTimeout(f"the name {host} was not resolved in time") from None
    if not isinstance(found, list):
        raise httpcore2.ConnectError(f"the name {host} cannot be resolved: {found}")
    addresses = dict.fromkeys(ipaddress.ip_address(info[4][0].split("%")[0]) for info in found)
    return list(addresses)[:MAX_ADDRESSES]
