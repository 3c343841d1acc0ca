"""Prepares log lines for analysis: normalized words for matching, and a masked shape for counting."""

from __future__ import annotations

import hashlib
import re
from typing import Final

MAX_LINE_CHARS: Final = 2_000
MAX_TOKENS: Final = 128
PLACEHOLDER: Final = "<*>"

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[\s_\-]+")
_DIGIT: Final = re.compile(r"\d")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{8,}", re.IGNORECASE)
_SHORT: Final = 8


def normalised(line: str) -> str:
    """Return the line in lower case, CamelCase, `_` and `-` split: "OutOfMemory" is "out of memory"."""
    spaced = _CAMEL.sub(" ", line[:MAX_LINE_CHARS])
    return _SEPARATORS.sub(" ", spaced).lower().strip()


def masked(line: str) -> str:
    """Return the line with tokens that contain a digit or are long hexadecimal words replaced by `<*>`."""
    tokens = line[:MAX_LINE_CHARS].split()[:MAX_TOKENS]
    return " ".join([_word(token) for token in tokens])


def _word(token: str) -> str:
    if token.isalpha():  # the common case: no digit to look for
        return PLACEHOLDER if len(token) >= _SHORT and _HEXADECIMAL.fullmatch(token) else token
    return PLACEHOLDER if _DIGIT.search(token) else token


def shape(line: str) -> int:
    """Return a signed 64-bit hash of the masked line: equal for lines that differ only in variable parts."""
    return shape_of_masked(masked(line))


def shape_of_masked(text: str) -> int:
    """Return `shape` of a line that is already masked."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
