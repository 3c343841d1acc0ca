"""Keeps a child process that runs a library of others to addresses that requests may reach. Pure.

The library resolves names and opens connections by itself. Python tells an audit hook of each connection
before it is made, and a hook cannot be removed: a name that resolves differently the next time gains nothing.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Sequence
from typing import Any, Final

from core.http.addresses import refusal

REFUSED_STATUS: Final = 5  # how the child ends after it was kept from a connection
_CONNECTIONS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_PROGRAMS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.startfile"}
)


class RefusedConnectionError(PermissionError):
    """What the child wanted to reach or to start, and may not."""


def confine(allowed: Sequence[str]) -> list[str]:
    """Refuse connections but to public addresses and these networks, and refuse to start programs.

    Returns the reasons of refusals, to which each further one is added: libraries swallow errors. After a
    refused connection all others are refused, so that of a host with several addresses either all may be
    reached or nothing arrives.
    """
    networks = [ipaddress.ip_network(text) for text in allowed]
    refused: list[str] = []
    refused_addresses: list[str] = []

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        reason = ""
        if event in _CONNECTIONS:
            reason = _reason(arguments[1], networks, refused_addresses)
            refused_addresses.extend([reason] if reason else [])
        elif event in _PROGRAMS:
            reason = "programs may not be started"
        if reason:
            refused.append(reason)
            raise RefusedConnectionError(reason)

    sys.addaudithook(look)
    return refused


def _reason(target: Any, networks: Sequence[Any], before: Sequence[str]) -> str:
    """Why `target` may not be reached, as sockets name it; "" where it may. before: earlier refusals."""
    if target is None:
        return ""  # a socket that is connected, and was looked at then
    if before:
        return before[0]
    try:
        address = ipaddress.ip_address(str(target[0]).split("%")[0])
    except (ValueError, TypeError, IndexError):
        return "only addresses may be reached"
    return refusal(address, networks) or ""
