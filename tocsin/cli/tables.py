"""Text tables: with box lines on a terminal, as plain columns elsewhere. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

MIN_COLUMN: Final = 12
BREAKS: Final = "._-/:,@"
MAX_WHOLE_WORD: Final = 32  # a longer one may be broken if the terminal is too narrow
Rows = Sequence[Sequence[str]]


def boxed(headings: Sequence[str], cells: Rows, *, breaks: Sequence[int] = (), most: int = 0) -> str:
    """Return a table with box lines; `breaks` are rows followed by a line.

    `most`: the columns of the terminal; longer cells wrap.
    """
    rows = [headings, *cells] if headings else list(cells)
    columns = list(zip(*rows, strict=True))
    sizes = [max(map(width, cells_of)) for cells_of in columns]
    if most:
        sizes = _fitting(sizes, [_least(cells_of) for cells_of in columns], most)
    line = ["─" * (size + 2) for size in sizes]
    out = [f"┌{'┬'.join(line)}┐"]
    middle = f"├{'┼'.join(line)}┤"
    if headings:
        out += [*_row(headings, sizes), middle]
    for number, row in enumerate(cells):
        out += _row(row, sizes)
        if number in breaks:
            out.append(middle)
    return "\n".join([*out, f"└{'┴'.join(line)}┘"])


def plain(headings: Sequence[str], cells: Rows) -> str:
    """Return columns separated by two blanks."""
    rows = [headings, *cells] if headings else list(cells)
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(text + " " * (size - width(text)) for text, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def width(text: str) -> int:
    """Return the width of a text on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def wrapped(text: str, size: int) -> list[str]:
    """Wrap a text to at most `size` columns, at blanks, or within a word that is longer.

    Such a word is broken behind a dot, a dash or the like if it has one.
    """
    if width(text) <= size:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(line) + 1 + width(word) > size:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while width(line) > size:
            cut = _cut(line, size)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line]


def _cut(text: str, size: int) -> int:
    """Return where a word that is too long is broken."""
    most = _fits(text, size)
    return next((at for at in range(most, most // 3, -1) if text[at - 1] in BREAKS), most)


def _fits(text: str, size: int) -> int:
    """Return how many letters of a text fit, at least one."""
    taken = 0
    for count, letter in enumerate(text):
        taken += width(letter)
        if taken > size:
            return max(count, 1)
    return len(text)


def _least(cells: Sequence[str]) -> int:
    """Return the minimum width of a column without breaking a word, such as the name of an action."""
    words = [width(word) for text in cells for word in text.split(" ")]
    return max(MIN_COLUMN, min(MAX_WHOLE_WORD, max(words, default=0)))


def _fitting(sizes: list[int], least: list[int], most: int) -> list[int]:
    """Return the column widths of a table of `most` columns: the widest shrink, preferably at blanks.

    `least`: below these widths words would be broken, as a last resort.
    """
    for floors in (least, [MIN_COLUMN] * len(sizes)):
        over = sum(sizes) + 3 * len(sizes) + 1 - most
        while over > 0 and (wide := [n for n, size in enumerate(sizes) if size > floors[n]]):
            widest = max(wide, key=lambda n: sizes[n])
            below = [size for size in sizes if size < sizes[widest]]
            less = min(over, sizes[widest] - max([floors[widest], *below])) or 1
            sizes[widest] -= less
            over -= less
    return sizes


def _row(cells: Sequence[str], sizes: Sequence[int]) -> list[str]:
    parts = [wrapped(text, size) for text, size in zip(cells, sizes, strict=True)]
    return [
        "│"
        + "│".join(f" {c}{' ' * (size + 1 - width(c))}" for c, size in zip(line, sizes, strict=True))
        + "│"
        for line in zip_longest(*parts, fillvalue="")
    ]
