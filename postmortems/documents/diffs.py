"""Line-by-line diff of two texts, with changed words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MAX_LINES: Final = 2000
_WORDS: Final = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Span:
    """Part of a line; `is_changed` if it differs from the other side."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True)
class DiffLine:
    """One line: `kind` is same, added or removed."""

    kind: str
    spans: tuple[Span, ...]

    @property
    def mark(self) -> str:
        """`+`, `-` or a space."""
        return {"added": "+", "removed": "-"}.get(self.kind, " ")


def diff_lines(before: str, after: str, *, context: int = 2) -> list[DiffLine]:
    """Changed lines with context; texts of more than 2,000 lines are returned whole, old then new."""
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    if len(old) + len(new) > MAX_LINES:
        return [*map(_removed, old[: MAX_LINES // 2]), *map(_added, new[: MAX_LINES // 2])]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    lines: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(context):
        for kind, a, b, c, d in group:
            if kind == "equal":
                lines += [DiffLine("same", (Span(line),)) for line in old[a:b]]
            else:
                lines += _changed(old[a:b], new[c:d])
    return lines


def _changed(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    pairs = list(zip(old, new, strict=False))
    spans = [_spans(left, right) for left, right in pairs]
    yield from (DiffLine("removed", left) for left, _ in spans)
    yield from map(_removed, old[len(pairs) :])
    yield from (DiffLine("added", right) for _, right in spans)
    yield from map(_added, new[len(pairs) :])


def _spans(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    if len(left) + len(right) > MAX_LINES:
        return (Span(old, True),), (Span(new, True),)
    ours: list[Span] = []
    theirs: list[Span] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        is_changed = kind != "equal"
        ours += [Span("".join(left[a:b]), is_changed)] if b > a else []
        theirs += [Span("".join(right[c:d]), is_changed)] if d > c else []
    return tuple(ours), tuple(theirs)


def _removed(line: str) -> DiffLine:
    return DiffLine("removed", (Span(line),))


def _added(line: str) -> DiffLine:
    return DiffLine("added", (Span(line),))
