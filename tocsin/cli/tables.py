"""Tables of text: with box lines on a terminal, as plain columns elsewhere. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def boxed(headings: Sequence[str], cells: Sequence[Sequence[str]], *, breaks: Sequence[int] = ()) -> str:
    """A table with box lines; `breaks` are rows behind which a line is drawn."""
    rows = [headings, *cells] if headings else list(cells)
    widths = [max(width(row[column]) for row in rows) + 2 for column in range(len(rows[0]))] if rows else []
    line = ["─" * size for size in widths]
    out = [f"┌{'┬'.join(line)}┐"]
    middle = f"├{'┼'.join(line)}┤"
    if headings:
        out += [_row(headings, widths), middle]
    for number, row in enumerate(cells):
        out.append(_row(row, widths))
        if number in breaks:
            out.append(middle)
    return "\n".join([*out, f"└{'┴'.join(line)}┘"])


def plain(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
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


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return (
        "│"
        + "│".join(f" {c}" + " " * (size - 1 - width(c)) for c, size in zip(cells, widths, strict=True))
        + "│"
    )
