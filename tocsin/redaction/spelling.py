"""Rewrites the shapes for Python 3.9 and 3.10, whose `re` lacks `a++` and `(?>a)`. Used at build time.

Both become a look-ahead that captures its match and a reference to it, which never backtracks.
"""

from __future__ import annotations

import re
from typing import Final

from tocsin.redaction.shape import Shape

_OPENING: Final = re.compile(r"\((?:\?(?:P<\w+>|P=\w+\)|<?[=!]|[:>]|[a-z]*-?[a-z]*:|\(\w+\)))?")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEAT: Final = re.compile(r"(?:[*+?]|\{\d*,?\d*\})([+?]?)")
_IGNORED: Final = re.compile(r"\s+|(?<!\\)#[^\n]*")
_TAKEN: Final = "_a"  # names of the added groups


class _Spelling:
    """One pattern, rewritten piece by piece."""

    def __init__(self, pattern: str, *, verbose: bool) -> None:
        self._pattern, self._verbose = pattern, verbose
        self._count = 0

    def written(self) -> str:
        levels: list[tuple[str, list[str]]] = [("", [])]
        at = 0
        while at < len(self._pattern):
            at = self._step(at, levels)
        return "".join(levels[0][1])

    def _step(self, at: int, levels: list[tuple[str, list[str]]]) -> int:
        pattern, pieces = self._pattern, levels[-1][1]
        if self._verbose and (ignored := _IGNORED.match(pattern, at)):
            return ignored.end()
        if pattern[at] == "\\":
            pieces.append(pattern[at : at + 2])
            return at + 2
        if found := _CLASS.match(pattern, at):
            pieces.append(found.group())
        elif found := _OPENING.match(pattern, at):
            if found.group().startswith("(?P="):
                pieces.append(found.group())
            else:
                levels.append((found.group(), []))
        elif pattern[at] == ")":
            opening, inner = levels.pop()
            levels[-1][1].append(self._closed(opening, "".join(inner)))
            return at + 1
        elif pieces and (found := _REPEAT.match(pattern, at)):
            pieces.append(self._repeated(pieces.pop(), found))
        else:
            pieces.append(pattern[at])
            return at + 1
        return found.end()

    def _closed(self, opening: str, inner: str) -> str:
        return self._atomic(inner) if opening == "(?>" else f"{opening}{inner})"

    def _repeated(self, piece: str, repeat: re.Match[str]) -> str:
        if repeat.group(1) != "+":
            return piece + repeat.group()
        return self._atomic(piece + repeat.group()[:-1])

    def _atomic(self, inner: str) -> str:
        self._count += 1
        name = f"{_TAKEN}{self._count}"
        return f"(?:(?=(?P<{name}>{inner}))(?P={name}))"


def older(pattern: str, *, verbose: bool = False) -> str:
    """Return the same pattern for Python 3.9."""
    return _Spelling(pattern, verbose=verbose).written()


def groups_of_secrets(pattern: str) -> tuple[int, ...]:
    """Return the groups of a rewritten pattern that may hold the secret, the one that ends last first."""
    ends: list[tuple[int, int]] = []
    opened: list[int | None] = []
    count, at = 0, 0
    while at < len(pattern):
        found = _CLASS.match(pattern, at)
        if pattern[at] == "\\" or found:
            at = found.end() if found else at + 2
            continue
        if opening := _OPENING.match(pattern, at):
            text = opening.group()
            at = opening.end()
            if text.startswith("(?P="):
                continue
            is_group = text == "(" or text.startswith("(?P<")
            count += is_group
            opened.append(count if is_group and not text.startswith(f"(?P<{_TAKEN}") else None)
            continue
        if pattern[at] == ")" and (number := opened.pop()):
            ends.append((at, number))
        at += 1
    return tuple(number for _, number in sorted(ends, reverse=True))


def older_shape(shape: Shape) -> Shape:
    """Return a shape for older Pythons."""
    is_verbose = bool(shape.pattern.flags & re.VERBOSE)
    written = older(shape.pattern.pattern, verbose=is_verbose)
    flags = shape.pattern.flags & ~re.VERBOSE & ~re.UNICODE
    around = older(shape.around) if shape.around else ""
    return Shape(shape.name, shape.marks, re.compile(written, flags), around, groups_of_secrets(written))


def module_of(shapes: tuple[Shape, ...], certain: frozenset[str]) -> str:
    """Return the source of a module with the rewritten shapes, in place of `shapes.py`."""
    lines = ["import re", "from tocsin.redaction.shape import Shape", "SHAPES = ("]
    for shape in map(older_shape, shapes):
        flags = int(shape.pattern.flags & re.IGNORECASE)
        lines.append(
            f"Shape({shape.name!r}, {shape.marks!r}, re.compile({shape.pattern.pattern!r}, {flags}), "
            f"{shape.around!r}, {shape.groups!r}),"
        )
    return "\n".join([*lines, ")", f"CERTAIN = frozenset({sorted(certain)!r})", ""])
