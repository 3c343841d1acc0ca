"""Client IP address and scheme of a request behind trusted proxies."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings


def client_ip(remote: str, forwarded: str) -> str:
    """Return `remote`, or behind trusted proxies the last X-Forwarded-For address that is not one of them."""
    named = forwarded.split(",")
    while named and is_proxy(remote):
        if not _is_address(address := named.pop().strip()):
            break
        remote = address
    return remote


def is_encrypted(scheme: str, remote: str, forwarded: str) -> bool:
    """Return whether the request used TLS: itself, or according to a trusted proxy's X-Forwarded-Proto."""
    return scheme == "https" or (is_proxy(remote) and forwarded.split(",")[0].strip() == "https")


def is_proxy(text: str) -> bool:
    """Return whether the address is one of TRUSTED_PROXIES; if any are set, so is a Unix socket's ""."""
    if not text:
        return bool(settings.TRUSTED_PROXIES)
    if not _is_address(text):
        return False
    address = ip_address(text)
    known = getattr(address, "ipv4_mapped", None) or address  # an IPv4 peer of a dual-stack socket
    return any(known in network for network in settings.TRUSTED_PROXIES)


def network_of(address: str) -> str:
    """Return what a rate limit counts as one caller: an IPv4 address, or an IPv6 /64."""
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
