"""Validation of status page settings. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Final

from accounts.validation import invalid

MAX_LOGO_BYTES: Final = 100_000
MAX_DOMAINS: Final = 50
_COLOR: Final = re.compile(r"#[0-9a-f]{6}")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_ALPHABET: Final = "abcdefghjkmnpqrstvwxyz0123456789"
_IMAGES: Final[tuple[tuple[bytes, bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", b"", "image/png"),
    (b"\xff\xd8\xff", b"", "image/jpeg"),
    (b"RIFF", b"WEBP", "image/webp"),
)


def new_public_id() -> str:
    """A random id of twelve letters and digits, as in Statuspage; does not reveal internal ids."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def clean_choice(field: str, value: str, choices: Iterable[str]) -> str:
    """Validate a choice. Raises Invalid."""
    allowed = list(choices)
    if value not in allowed:
        raise invalid(field, "choice", f"must be one of {', '.join(allowed)}")
    return value


def clean_color(text: str) -> str:
    """Validate a colour such as #3a50c8. Raises Invalid (field `color`)."""
    value = text.strip().lower()
    if not _COLOR.fullmatch(value):
        raise invalid("color", "shape", "must be a colour such as #3a50c8")
    return value


def clean_domains(domains: Iterable[str]) -> list[str]:
    """Email domains, deduplicated and in lower case. Raises Invalid (field `domains`)."""
    found = list(dict.fromkeys(text.strip().lower().lstrip("@") for text in domains if text.strip()))
    if len(found) > MAX_DOMAINS or not all(_DOMAIN.fullmatch(one) for one in found):
        raise invalid("domains", "shape", f"must be up to {MAX_DOMAINS} domains such as example.com")
    return found


def clean_logo(content: bytes) -> tuple[bytes, str]:
    """The image and its type, or empty values. Raises Invalid (field `logo`)."""
    if not content:
        return b"", ""
    if len(content) > MAX_LOGO_BYTES:
        raise invalid("logo", "size", f"must be at most {MAX_LOGO_BYTES // 1000} kB")
    for start, inner, kind in _IMAGES:
        if content.startswith(start) and content[8:].startswith(inner):
            return content, kind
    raise invalid("logo", "type", "must be a PNG, JPEG or WebP image")


def clean_note(field: str, text: str, most: int) -> str:
    """Validate a text of at most `most` characters; may be empty. Raises Invalid."""
    if len(text) > most or "\x00" in text:
        raise invalid(field, "length", f"must have at most {most} characters")
    return text.strip()
