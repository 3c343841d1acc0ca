"""Upload tickets: signed permission to upload a bundle once. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.core.signing import BadSignature, Signer

from bundles.limits import CONTENT_TYPE, TICKET_S

PREFIX: Final = "/api/v1/bundle-uploads/"
_SALT: Final = "bundles.upload"
_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


@dataclass(frozen=True, slots=True)
class Permit:
    """Permit of a signed URL of our own endpoint: exactly these bytes at this key."""

    key: str
    size: int
    sha256: str
    expires: int  # Unix time


class BadPermitError(Exception):
    """A URL with a wrong signature, or an expired one."""


def headers_for(size: int, checksum: str) -> dict[str, str]:
    """Required headers of the upload; `checksum` is the SHA-256 in base64."""
    return {
        "Content-Type": CONTENT_TYPE, "Content-Length": str(size), "x-amz-checksum-sha256": checksum,
        "If-None-Match": "*",
    }  # fmt: skip


def ticket(url: str, size: int, checksum: str, now: datetime) -> dict[str, Any]:
    """A ticket in the format of the API."""
    expires = now + timedelta(seconds=TICKET_S)
    return {"method": "PUT", "url": url, "headers": headers_for(size, checksum), "expires_at": expires}


def own_address(base_url: str, public_id: str, permit: Permit) -> str:
    """URL of our own endpoint for a permit."""
    query = {"key": permit.key, "size": permit.size, "sha256": permit.sha256, "expires": permit.expires}
    signed = urlencode({**query, "signature": _signer().signature(_text(permit))})
    return f"{base_url}{PREFIX}{public_id}?{signed}"


def read_permit(query: Mapping[str, str], now: datetime) -> Permit:
    """The permit of a URL. Raises BadPermitError."""
    try:
        permit = Permit(query["key"], int(query["size"]), query["sha256"], int(query["expires"]))
        _signer().unsign(f"{_text(permit)}|{query['signature']}")
    except (KeyError, ValueError, BadSignature) as error:
        raise BadPermitError("The signature of this address is wrong.") from error
    if now.timestamp() >= permit.expires:
        raise BadPermitError("This address has expired. Announce the bundle again to get a new one.")
    return permit


def _signer() -> Signer:
    return Signer(sep="|", salt=_SALT)


def _text(permit: Permit) -> str:
    return f"{permit.key}\n{permit.size}\n{permit.sha256}\n{permit.expires}"


def may_reach_storage(endpoint: str | None, remote: str, headers: Mapping[str, str]) -> bool:
    """Whether a caller can probably reach the storage at `endpoint` (None: Amazon's).

    A loopback endpoint is only reachable from this machine: by a caller with loopback address and Host,
    without a proxy.
    """
    if endpoint is None or not is_loopback(urlsplit(endpoint).hostname or ""):
        return True
    lower = {name.lower(): value for name, value in headers.items()}
    host = urlsplit(f"//{lower.get('host', '')}").hostname or ""
    return is_loopback(remote) and is_loopback(host) and not any(name in lower for name in _FORWARDED)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is loopback."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
