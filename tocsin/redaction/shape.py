"""Definition of one form of a secret."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MASK: Final = "[redacted]"


class Shape(NamedTuple):
    """One form of a secret.

    `pattern` is tried where one of `marks` occurs in the lower-cased text; the last of its participating
    groups is the secret. Of two at one position, the earlier goes first. After a mark `around` is checked
    first in the lower-cased text, as a pattern takes longer to start. `groups` is set if a pattern has groups
    that hold no secret: those that may, the last one first.
    """

    name: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    around: str = ""
    groups: tuple[int, ...] = ()

    def secret_in(self, match: re.Match[str]) -> tuple[int, int]:
        """Return where the secret is within a match of the pattern."""
        if not self.groups:
            return match.span(match.lastindex or 0)
        return next((match.span(group) for group in self.groups if match.start(group) >= 0), match.span())


def rule_name(name: str) -> str:
    """Return the name of a shape as used in placeholders and manifests."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def shape(name: str, marks: str | tuple[str, ...], pattern: str, around: str = "") -> Shape:
    """Return a shape. `marks` separated by blanks, or a tuple; `pattern` is verbose and case-insensitive."""
    return Shape(name, _marks(marks), re.compile(pattern, re.VERBOSE | re.IGNORECASE), around)


def exact(name: str, marks: str | tuple[str, ...], pattern: str, around: str = "") -> Shape:
    """Return a case-sensitive shape."""
    return Shape(name, _marks(marks), re.compile(pattern, re.VERBOSE), around)


def _marks(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else given


def ending(words: str, joints: tuple[str, ...] = ("",), end: str = "") -> str:
    """Return a pattern for one of `words`, a joint and `end`."""
    endings = [re.escape(word + joint + end) for word in words.split() for joint in joints]
    return "(?:" + "|".join(f"(?<={ending})" for ending in endings) + ")"
