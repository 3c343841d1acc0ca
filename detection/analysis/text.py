"""Log lines prepared for analysis: normalised words to match on, and a masked shape to count by."""

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
    """The line in lower case, CamelCase split, `_` and `-` as blanks: "OutOfMemory" is "out of memory"."""
    spaced = _CAMEL.sub(" ", line[:MAX_LINE_CHARS])
    return _SEPARATORS.sub(" ", spaced).lower().strip()


def masked(line: str) -> str:
    """The line with every token that holds a digit or is a long hexadecimal word replaced by `<*>`."""
    tokens = line[:MAX_LINE_CHARS].split()[:MAX_TOKENS]
    return " ".join([_word(token) for token in tokens])


def _word(token: str) -> str:
    if token.isalpha():  # most are: no digit to look for
        return PLACEHOLDER if len(token) >= _SHORT and _HEXADECIMAL.fullmatch(token) else token
    return PLACEHOLDER if _DIGIT.search(token) else token


def shape(line: str) -> int:
    """A signed 64-bit hash of the masked line: equal for lines that differ in their variable parts only."""
    return shape_of_masked(masked(line))


def shape_of_masked(text: str) -> int:
    """`shape` of a line that is masked already."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
