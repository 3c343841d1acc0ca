"""What one way in which a secret looks is made of."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MASK: Final = "[redacted]"


class Shape(NamedTuple):
    """One way a secret looks. `pattern` is tried where one of `marks` stands in the lower-cased text; the
    last of its groups that took part is what no one may read. Of two at one place, the earlier goes first.
    Behind a mark `around` is asked first of the lower-cased text, as a pattern takes longer to begin with.

    `groups` is set where a pattern has groups that hold no secret: those that may, the last one first.
    """

    name: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    around: str = ""
    groups: tuple[int, ...] = ()

    def secret_in(self, match: re.Match[str]) -> tuple[int, int]:
        """Where the secret is within a match of the pattern."""
        if not self.groups:
            return match.span(match.lastindex or 0)
        return next((match.span(group) for group in self.groups if match.start(group) >= 0), match.span())


def rule_name(name: str) -> str:
    """The name of a shape as it stands in placeholders and manifests."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def shape(name: str, marks: str | tuple[str, ...], pattern: str, around: str = "") -> Shape:
    """`marks` apart by blanks, or a tuple; `pattern` is verbose and takes capitals for small letters."""
    return Shape(name, _marks(marks), re.compile(pattern, re.VERBOSE | re.IGNORECASE), around)


def exact(name: str, marks: str | tuple[str, ...], pattern: str, around: str = "") -> Shape:
    """The same where capitals matter."""
    return Shape(name, _marks(marks), re.compile(pattern, re.VERBOSE), around)


def _marks(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else given


def ending(words: str, joints: tuple[str, ...] = ("",), end: str = "") -> str:
    """Right behind one of `words`, a joint and `end`."""
    endings = [re.escape(word + joint + end) for word in words.split() for joint in joints]
    return "(?:" + "|".join(f"(?<={ending})" for ending in endings) + ")"
