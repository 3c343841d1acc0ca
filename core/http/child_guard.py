"""Confines a child process that runs a third-party library to addresses that requests may reach. Pure.

The library resolves names and opens connections by itself. Python calls an audit hook before each connection,
and a hook cannot be removed, so DNS rebinding gains nothing.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Sequence
from typing import Any, Final

from core.http.addresses import refusal

REFUSED_STATUS: Final = 5  # exit status of a child that attempted a refused connection
_CONNECTIONS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_PROGRAMS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.startfile"}
)


class RefusedConnectionError(PermissionError):
    """The child tried to reach an address or start a program that it may not."""


def confine(allowed: Sequence[str]) -> list[str]:
    """Refuse connections other than to public addresses and these networks, and refuse to start programs.

    Returns the list of reasons of refusals, to which later ones are appended, since libraries swallow errors.
    After a refused connection all others are refused: a host with several addresses is reachable only if all
    of them may be reached.
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
    """Return why `target`, a socket address, may not be reached; "" if it may. before: earlier refusals."""
    if target is None:
        return ""  # a connected socket, checked when it connected
    if before:
        return before[0]
    try:
        address = ipaddress.ip_address(str(target[0]).split("%")[0])
    except (ValueError, TypeError, IndexError):
        return "only addresses may be reached"
    return refusal(address, networks) or ""
