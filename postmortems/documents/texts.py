"""Validates the text of a section. Pure."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

from core.errors import FieldFault, Invalid

MAX_SECTION_CHARS: Final = 64_000
_SPACING: Final = frozenset("\n\t")
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_section(text: str) -> str:
    """The text with normalized line ends. Raises Invalid (field `text`): too long, invisible characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if len(lines) > MAX_SECTION_CHARS:
        message = f"must have at most {MAX_SECTION_CHARS} characters, not {len(lines)}"
        raise Invalid(
            f"The text {message}. Nothing was stored.", faults=[FieldFault("text", "max_length", message)]
        )
    if any(_is_hidden(char) for char in lines):
        message = "must not contain control characters"
        raise Invalid(
            f"The text {message}. Nothing was stored.", faults=[FieldFault("text", "characters", message)]
        )
    return lines


def text_hash(text: str) -> str:
    """SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_hidden(char: str) -> bool:
    if char in _SPACING:
        return False
    return unicodedata.category(char) in ("Cc", "Cs") or char in _OVERRIDES
