"""Finds settings that are unsafe in production, from their parsed values. Pure.

Every fault names its setting and the rule, never a value: the error of a failed start is widely visible.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from config.installation.connections import has_known_password, open_ones

MIN_KEY_LENGTH: Final = 50
MIN_KEY_BITS: Final = 128
MIN_TOKEN_LENGTH: Final = 32
MIN_KEY_LETTERS: Final = 10  # distinct ones
_PLACEHOLDERS: Final = (
    "insecure",
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
)
_STARTS: Final = ("secret", "example", "your", "password", "placeholder", "test-", "dummy")


def words(text: str) -> list[str]:
    """`a, b,,c` -> `["a", "b", "c"]`."""
    return [w.strip() for w in text.split(",") if w.strip()]


def production_faults(given: Mapping[str, Any]) -> list[str]:
    """Return the faults of settings, given by lower-case name."""
    values = {name: _text(value) for name, value in given.items() if value is not None}
    return [*_of_keys(values), *_of_hosts(values), *_of_servers(values)]


def weakness(key: str, min_length: int = MIN_KEY_LENGTH) -> str:
    """Return what is wrong with a signing key or a token, or ""."""
    lowered = key.lower()
    if len(key) < min_length:
        return f"must be set to at least {min_length} random characters in production"
    if any(word in lowered for word in _PLACEHOLDERS) or lowered.startswith(_STARTS):
        return "is a placeholder; set it to random characters"
    if len(set(key)) < MIN_KEY_LETTERS or _bits(key) < MIN_KEY_BITS:
        return "repeats too few characters; set it to random ones"
    return ""


def _bits(key: str) -> float:
    shares = [count / len(key) for count in Counter(key).values()]
    return -sum(share * math.log2(share) for share in shares) * len(key)


def _of_keys(values: Mapping[str, str]) -> Iterator[str]:
    if _is_on(values.get("tocsin_open_loopback", "")):
        yield "TOCSIN_OPEN_LOOPBACK cannot be switched on in production"
    if fault := weakness(values.get("secret_key", "")):
        yield f"SECRET_KEY {fault}"
    if any(weakness(key) for key in words(values.get("secret_key_fallbacks", ""))):
        yield "SECRET_KEY_FALLBACKS holds a key that is too short or too easy to guess"
    token = values.get("metrics_token", "")
    if token and (fault := weakness(token, MIN_TOKEN_LENGTH)):
        yield f"METRICS_TOKEN {fault}, or leave it unset"


def _of_hosts(values: Mapping[str, str]) -> Iterator[str]:
    hosts = words(values.get("allowed_hosts", "localhost"))
    if not hosts or any(_is_any(host) for host in hosts):
        yield "ALLOWED_HOSTS must name hosts in production, not any host (*, . or a whole top-level domain)"
    if any(_is_any(urlsplit(origin).netloc) for origin in words(values.get("csrf_trusted_origins", ""))):
        yield "CSRF_TRUSTED_ORIGINS must name origins in production, not any"


def _is_any(host: str) -> bool:
    """Return whether a host pattern matches hosts that are not the operator's."""
    inner = host.removeprefix("*").removeprefix(".")
    return "*" in inner or not inner or (inner != host and "." not in inner)


def _of_servers(values: Mapping[str, str]) -> Iterator[str]:
    database, valkey = values.get("database_url", ""), values.get("redis_url", "")
    if not database or not valkey:
        yield "DATABASE_URL and REDIS_URL must be set in production"
    for name, address in (("DATABASE_URL", database), ("REDIS_URL", valkey)):
        if _has_known_password(address):
            yield f"{name}: the password is a well-known default"
    plain = _plain(database, valkey, values.get("s3_endpoint_url", ""))
    if plain and not _is_on(values.get("plain_connections", "")):
        yield (
            f"{' and '.join(plain)}: use verified TLS (sslmode=verify-full, rediss://, https://), "
            "or say PLAIN_CONNECTIONS=true for a network you trust"
        )


def _has_known_password(address: str) -> bool:
    try:
        return has_known_password(address)
    except ValueError:  # not an address, which is reported by its own check
        return False


def _plain(database: str, valkey: str, storage: str) -> list[str]:
    try:
        return list(open_ones(database, valkey, storage))
    except ValueError:
        return []


def _is_on(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on", "t", "y"}


def _text(value: Any) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
