"""Client IP address and scheme of a request behind trusted proxies."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings


def client_ip(remote: str, forwarded: str) -> str:
    """`remote`; where it is a proxy of ours, the last address of X-Forwarded-For that is not one of them."""
    named = forwarded.split(",")
    while named and is_proxy(remote):
        if not _is_address(said := named.pop().strip()):
            break
        remote = said
    return remote


def is_encrypted(scheme: str, remote: str, forwarded: str) -> bool:
    """Whether TLS carried a request: all the way, or as one of TRUSTED_PROXIES says in X-Forwarded-Proto."""
    return scheme == "https" or (is_proxy(remote) and forwarded.split(",")[0].strip() == "https")


def is_proxy(text: str) -> bool:
    """Whether the address is one of TRUSTED_PROXIES; where some are named, a Unix socket's "" is one, too."""
    if not text:
        return bool(settings.TRUSTED_PROXIES)
    if not _is_address(text):
        return False
    address = ip_address(text)
    known = getattr(address, "ipv4_mapped", None) or address  # as IPv4 comes in where IPv6 listens
    return any(known in network for network in settings.TRUSTED_PROXIES)


def network_of(address: str) -> str:
    """What a limit counts as one caller: an IPv4 address, or the /64 that one IPv6 household has."""
    if not _is_address(address):
        return address
    parsed = ip_address(address)
    if mapped := getattr(parsed, "ipv4_mapped", None):
        return str(mapped)
    return str(ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
