"""Three-way merge of texts, line by line and then sentence by sentence. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

MAX_COMPARISONS: Final = 1_000_000  # pairs of equal lines; beyond that a merge takes seconds
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])(\s+)")


@dataclass(frozen=True)
class Conflict:
    """A conflict: base, stored and sent text."""

    base: str
    theirs: str
    yours: str


@dataclass(frozen=True)
class Merged:
    """Result of a merge. With conflicts `text` is incomplete and must not be stored.

    `changed`: line ranges (first, last; 1-based) of `text` that came from `yours`.
    """

    text: str
    conflicts: tuple[Conflict, ...] = ()
    changed: tuple[tuple[int, int], ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether there is no conflict."""
        return not self.conflicts


@dataclass
class _Pieces:
    lines: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    changed: list[tuple[int, int]] = field(default_factory=list)


def merge_texts(base: str, theirs: str, yours: str) -> Merged:
    """Merge two changes of `base`. Returns the merged text or the conflicts.

    Texts that would take too long to compare conflict as a whole.
    """
    if yours in (base, theirs):
        return Merged(theirs)
    lines = [text.split("\n") for text in (base, theirs, yours)]
    if theirs == base:
        return Merged(yours, changed=((1, len(lines[2])),))
    if _cost(lines[0], lines[1]) + _cost(lines[0], lines[2]) > MAX_COMPARISONS:
        return Merged(theirs, (Conflict(base, theirs, yours),))
    return _merge(*lines)


def _merge(base: Sequence[str], theirs: Sequence[str], yours: Sequence[str]) -> Merged:
    out = _Pieces()
    for was, now, mine in _regions(base, theirs, yours):
        start = len(out.lines)
        if was is None:
            out.lines.extend(now)
        elif now in (was, mine):
            out.lines.extend(mine)
        elif mine == was:
            out.lines.extend(now)
        else:
            _resolve(out, was, now, mine)
        if was is not None and mine != was and len(out.lines) > start:
            out.changed.append((start + 1, len(out.lines)))
    return Merged("\n".join(out.lines), tuple(out.conflicts), tuple(out.changed))


def _resolve(out: _Pieces, was: Sequence[str], now: Sequence[str], mine: Sequence[str]) -> None:
    """Merge a paragraph changed by both, sentence by sentence, or add a conflict."""
    if len(was) == len(now) == len(mine) == 1:
        merged = _sentences(was[0], now[0], mine[0])
        if merged is not None:
            out.lines.append(merged)
            return
    out.lines.extend(now)
    out.conflicts.append(Conflict("\n".join(was), "\n".join(now), "\n".join(mine)))


def _sentences(was: str, now: str, mine: str) -> str | None:
    parts = [_SENTENCE_END.split(text) for text in (was, now, mine)]
    if len(parts[0]) < 2:
        return None
    out: list[str] = []
    for before, theirs, yours in _regions(*parts):
        if before is None or list(yours) == list(before):
            out.extend(theirs)
        elif theirs in (before, yours):
            out.extend(yours)
        else:
            return None
    return "".join(out)


Region = tuple[list[str] | None, list[str], list[str]]


def _regions(base: Sequence[str], theirs: Sequence[str], yours: Sequence[str]) -> Iterator[Region]:
    """Alternating regions: changed lines, and lines common to all three (with None as base)."""
    in_theirs, in_yours = _matches(base, theirs), _matches(base, yours)
    b = t = y = 0
    for at in range(len(base) + 1):
        is_end = at == len(base)
        if not is_end and not (at in in_theirs and at in in_yours):
            continue
        next_t = len(theirs) if is_end else in_theirs[at]
        next_y = len(yours) if is_end else in_yours[at]
        if at > b or next_t > t or next_y > y:
            yield list(base[b:at]), list(theirs[t:next_t]), list(yours[y:next_y])
        if not is_end:
            yield None, [base[at]], [base[at]]
        b, t, y = at + 1, next_t + 1, next_y + 1


def _matches(base: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """Map of matching lines from `base` to `other`, in order."""
    head = _common(base, other)
    tail = _common(base[head:][::-1], other[head:][::-1])
    found = {at: at for at in range(head)}
    middle = base[head : len(base) - tail], other[head : len(other) - tail]
    for block in SequenceMatcher(None, *middle, autojunk=False).get_matching_blocks():
        found |= {head + block.a + n: head + block.b + n for n in range(block.size)}
    return found | {len(base) - n: len(other) - n for n in range(1, tail + 1)}


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _cost(base: Sequence[str], other: Sequence[str]) -> int:
    """Number of pairs of equal lines, without the common head and tail: the cost of a comparison."""
    head = _common(base, other)
    tail = _common(base[head:][::-1], other[head:][::-1])
    lines = Counter(base[head : len(base) - tail])
    return sum(lines[line] * n for line, n in Counter(other[head : len(other) - tail]).items())
