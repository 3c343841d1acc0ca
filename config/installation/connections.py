"""Reads the addresses of servers, and checks for verified TLS and strong passwords. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

VERIFIED: Final = ("verify-full", "verify-ca")
WELL_KNOWN: Final = frozenset(
    {"postgres", "postgresql", "password", "passwd", "tocsin", "admin", "root", "secret", "changeme"}
)
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def database_parameters(url: str) -> dict[str, str]:
    """Return libpq's parameters of a URL: several hosts with commas, values decoded. Raises ValueError."""
    _, _, rest = url.partition("://")  # the scheme may name a driver
    try:
        found = conninfo_to_dict(f"postgresql://{_STRAY_PERCENT.sub('%25', rest)}")
    except ProgrammingError:  # its message has parts of the URL
        raise ValueError("must be a PostgreSQL URL with parameters that libpq knows") from None
    return {name: str(value) for name, value in found.items() if value is not None}


def open_ones(database: str, valkey: str, storage: str) -> Iterator[str]:
    """Return the settings whose server is remote and not used over verified TLS; "" is skipped."""
    if database and not _is_near(database) and _option(database, "sslmode") not in VERIFIED:
        yield "DATABASE_URL"
    if valkey and not _is_near(valkey) and not _is_verified(valkey):
        yield "REDIS_URL"
    if storage and not _is_near(storage) and urlsplit(storage).scheme != "https":
        yield "S3_ENDPOINT_URL"


def has_known_password(address: str) -> bool:
    """Return whether the password in `address` is easily guessed: a common one, or the user's name."""
    parts = urlsplit(address)
    given, user = unquote(parts.password or "").lower(), unquote(parts.username or "").lower()
    return bool(given) and given in WELL_KNOWN | {user}


def _is_verified(valkey: str) -> bool:
    requirement = _option(valkey, "ssl_cert_reqs").removeprefix("cert_")
    return urlsplit(valkey).scheme == "rediss" and requirement != "none"


def _option(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query).get(name, [""])[-1].lower()


def _is_near(address: str) -> bool:
    """Return whether every host of it is this machine, so that no network is involved."""
    netloc = urlsplit(address).netloc.rpartition("@")[2]
    named = [_option(address, name) for name in ("host", "hostaddr")]
    hosts = [*map(_host, netloc.split(",")), *(host for names in named for host in names.split(","))]
    return not _option(address, "service") and all(map(_is_here, hosts))


def _host(part: str) -> str:
    return unquote(urlsplit(f"//{part}").hostname or "")


def _is_here(host: str) -> bool:
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
