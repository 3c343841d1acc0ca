"""Which network addresses outgoing requests may reach. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv6 forms that lead to an IPv4 address: prefix and the bit at which the address begins.
_EMBEDDED: Final = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 96),  # mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 96),  # translated (SIIT)
    (ipaddress.IPv6Network("::/96"), 96),  # compatible
    (ipaddress.IPv6Network("64:ff9b::/96"), 96),  # NAT64
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 96),  # NAT64, local use
    (ipaddress.IPv6Network("2002::/16"), 16),  # 6to4
)
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_MORE_REFUSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "fec0::/10", "3fff::/20")
)
# Cloud metadata endpoints; no list of allowed networks permits them.
_NEVER: Final = tuple(
    ipaddress.ip_network(text) for text in ("169.254.169.254/32", "169.254.170.2/32", "fd00:ec2::254/128")
)


def refusal(address: IPAddress, allowed: Sequence[IPNetwork] = ()) -> str | None:
    """Why requests may not go to `address`; None when they may.

    An address that carries another (IPv4 mapped, NAT64, 6to4, Teredo) is judged by both.
    """
    for one in (address, *_embedded(address)):
        if _is_in(one, _NEVER):
            return f"{one} is the metadata address of a cloud machine"
        if not _is_in(one, allowed) and not _is_public(one):
            return f"{one} is not a public address"
    return None


def is_allowed_network(address: IPAddress, allowed: Sequence[IPNetwork]) -> bool:
    """Return whether the operator's list contains this address."""
    return refusal(address, allowed) is None and _is_in(address, allowed)


def _is_in(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and list(_embedded(address)):
        return True  # the embedded address decides
    return address.is_global and not address.is_multicast and not _is_in(address, _MORE_REFUSED)


def _embedded(address: IPAddress) -> Iterator[ipaddress.IPv4Address]:
    """Return the IPv4 addresses embedded in an IPv6 address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return
    number = int(address)
    for network, begin in _EMBEDDED:
        if address in network:
            yield ipaddress.IPv4Address((number >> (128 - begin - 32)) & 0xFFFFFFFF)
    if address in _TEREDO:
        yield ipaddress.IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield ipaddress.IPv4Address(~number & 0xFFFFFFFF)


def is_other_server(before: str, after: str) -> bool:
    """Return whether the URL is of another server, to which a secret given for the first must not be sent."""
    return _origin(before) != _origin(after)


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url.strip().lower())
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc


def address_fault(url: str) -> str:
    """Return what is wrong with a URL that people configure and others are shown; "" if nothing."""
    if not url.startswith(("https://", "http://")):
        return "must begin with https://"
    if any(one.isspace() or not one.isprintable() for one in url):
        return "must not contain spaces or control characters"
    try:
        parts = urlsplit(url)
        named, _ = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if not named:
        return "must have a host"
    return "must not contain a user name or a password: others see it" if "@" in parts.netloc else ""
