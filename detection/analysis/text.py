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
_VARIABLE: Final = re.compile(r"\d|^[0-9a-f]{8,}$|^0x", re.IGNORECASE)


def normalised(line: str) -> str:
    """The line in lower case, CamelCase split, `_` and `-` as blanks: "OutOfMemory" is "out of memory"."""
    spaced = _CAMEL.sub(" ", line[:MAX_LINE_CHARS])
    return _SEPARATORS.sub(" ", spaced).lower().strip()


def masked(line: str) -> str:
    """The line with every token that holds a digit or is a long hexadecimal word replaced by `<*>`."""
    tokens = line[:MAX_LINE_CHARS].split()[:MAX_TOKENS]
    return " ".join(PLACEHOLDER if _VARIABLE.search(token) else token for token in tokens)


def shape(line: str) -> int:
    """A signed 64-bit hash of the masked line: equal for lines that differ in their variable parts only."""
    return shape_of_masked(masked(line))


def shape_of_masked(text: str) -> int:
    """`shape` of a line that is masked already."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
