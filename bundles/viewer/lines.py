"""Paginates a log, filtered by words and level."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

LINES_A_PAGE: Final = 500
MAX_SCANNED: Final = 500_000
LEVELS: Final = ("FATAL", "CRITICAL", "ERROR", "WARN", "INFO", "DEBUG")
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# Control, zero-width, bidirectional and tag characters.
_ODD: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line to show."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of lines. `next`: the next line to request, None at the end."""

    lines: list[LogLine]
    next: int | None


def log_page(
    lines: Iterable[tuple[int, str]], *, start: int = 1, search: str = "", level: str = ""
) -> LogPage:
    """Up to 500 matching lines from `start`; a search stops after 500,000 lines and can be continued."""
    found: list[LogLine] = []
    upto = start + MAX_SCANNED
    for number, text in itertools.dropwhile(lambda line: line[0] < start, lines):
        if number >= upto or len(found) == LINES_A_PAGE:
            return LogPage(found, number)
        if _fits(text, search.casefold(), level):
            found.append(LogLine(number, shown(text)))
    return LogPage(found, None)


def _fits(text: str, search: str, level: str) -> bool:
    if level and re.search(rf"\b{re.escape(level)}", text[:200]) is None:
        return False
    return not search or search in text.casefold()


def shown(text: str) -> str:
    """The text without terminal sequences, invisible and bidirectional characters."""
    return _ODD.sub("\N{REPLACEMENT CHARACTER}", _ANSI.sub("", text))


def masked(
    lines: Iterable[tuple[int, str]], hidden: frozenset[int], unlisted_from: float = math.inf
) -> Iterator[tuple[int, str]]:
    """The lines, with the text hidden where a secret was found, and from the line on where one may be."""
    for number, text in lines:
        if number in hidden:
            yield number, "[hidden: a secret was found in this line]"
        elif number >= unlisted_from:
            yield number, "[hidden: this bundle has more secrets than are listed]"
        else:
            yield number, text
