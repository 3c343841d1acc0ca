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

    Returns the reasons of refusals, to which each further one is added: libraries swallow errors.
    """
    networks = [ipaddress.ip_network(text) for text in allowed]
    refused: list[str] = []

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        reason = ""
        if event in _CONNECTIONS:
            reason = _reason(arguments[1], networks)
        elif event in _PROGRAMS:
            reason = "programs may not be started"
        if reason:
            refused.append(reason)
            raise RefusedConnectionError(reason)

    sys.addaudithook(look)
    return refused


def _reason(target: Any, networks: Sequence[Any]) -> str:
    """Why `target` may not be reached, as sockets name it; "" where it may."""
    if target is None:
        return ""  # a socket that is connected, and was looked at then
    try:
        address = ipaddress.ip_address(str(target[0]).split("%")[0])
    except (ValueError, TypeError, IndexError):
        return "only addresses may be reached"
    return refusal(address, networks) or ""
