"""Effective settings of this process, with secrets masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from config.environment import Environment

MASK: Final = "••••••"
# A comma may also be within one: in a password, or between the hosts of a database.
_BETWEEN_URLS: Final = re.compile(r",(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, what it does, its redacted value, and whether it was set."""

    name: str
    description: str
    value: str
    is_set: bool


def effective_settings(environment: Environment) -> list[Setting]:
    """Return every setting in the order of the reference, without credentials."""
    given: Mapping[str, Any] = dict(environment)
    chosen = environment.model_fields_set
    return [
        Setting(name.upper(), str(field.description).replace("`", ""), readable(given[name]), name in chosen)
        for name, field in Environment.model_fields.items()
    ]


def readable(value: object) -> str:
    """Return a value as text: secrets only as set or unset, URLs without passwords and queries."""
    if value is None:
        return "unset"
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else "unset"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return _address(text) if "://" in text else text or "unset"


def _address(text: str) -> str:
    """Redact a URL: `postgresql://me:secret@db/x?password=y` -> `postgresql://me:••••••@db/x?••••••`."""
    if len(several := _BETWEEN_URLS.split(text)) > 1:
        return ",".join(map(_address, several))
    parts = urlsplit(text)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    netloc = f"{user}{colon}{MASK if colon else ''}{at}{host}"
    query = MASK if parts.query else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
