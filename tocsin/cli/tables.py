"""Tables of text: with box lines on a terminal, as plain columns elsewhere. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

MIN_COLUMN: Final = 12
Rows = Sequence[Sequence[str]]


def boxed(headings: Sequence[str], cells: Rows, *, breaks: Sequence[int] = (), most: int = 0) -> str:
    """A table with box lines; `breaks` are rows behind which a line is drawn.

    `most`: the columns of the terminal; what does not fit goes on in the next line of its cell.
    """
    rows = [headings, *cells] if headings else list(cells)
    sizes = _fitting([max(width(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else [], most)
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
    """Columns apart by two blanks."""
    rows = [headings, *cells] if headings else list(cells)
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(text + " " * (size - width(text)) for text, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def wrapped(text: str, size: int) -> list[str]:
    """A text in lines of at most `size` columns, broken at blanks, or within a word that is longer."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(line) + 1 + width(word) > size:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while width(line) > size:
            cut = _fits(line, size)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line]


def _fits(text: str, size: int) -> int:
    """How many letters of a text fit, at least one."""
    taken = 0
    for count, letter in enumerate(text):
        taken += width(letter)
        if taken > size:
            return max(count, 1)
    return len(text)


def _fitting(sizes: list[int], most: int) -> list[int]:
    """The sizes of columns with the widest ones made narrower, as far as a table of `most` columns needs."""
    over = sum(sizes) + 3 * len(sizes) + 1 - most if most else 0
    while over > 0 and sizes and max(sizes) > MIN_COLUMN:
        widest = sizes.index(max(sizes))
        next_one = max([MIN_COLUMN, *(size for size in sizes if size < sizes[widest])])
        less = min(over, sizes[widest] - next_one) or 1
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
