"""Finds secrets by their marks: fixed strings that are searched for first, so that few patterns are tried."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from tocsin.redaction.shape import Shape
from tocsin.redaction.shapes import SHAPES

# Letters by rough frequency in log lines; the first is the rarest.
_RAREST_FIRST: Final = "~#$%?&;>jqzx[({})]kvbywgfpu_=/'mhldc.:\"-srnitoae"


class SecretMatch(NamedTuple):
    """A secret's position in a text, and the rule that found it."""

    start: int
    end: int
    rule: str


class _Found(NamedTuple):
    """A mark of which a rare letter and what follows it was found, `lead` letters after its beginning."""

    mark: str
    lead: int
    shapes: tuple[Shape, ...]


def _by_tail() -> dict[str, tuple[_Found, ...]]:
    """Return the marks by search string: each from its rarest letter on, which few positions match."""
    marks = {mark for shape in SHAPES for mark in shape.marks}
    found = [_Found(m, _rarest(m), tuple(s for s in SHAPES if m in s.marks)) for m in marks]
    tails = {f.mark[f.lead :] for f in found}
    return {
        tail: tuple(sorted((f for f in found if tail.startswith(f.mark[f.lead :])), key=_first_to_try))
        for tail in tails
    }


def _rarest(mark: str) -> int:
    """Return the position of the letter from which a mark is searched for, with two or more after it."""
    places = range(1 if mark[0] == "-" else max(1, len(mark) - 2))
    return min(places, key=lambda place: _RAREST_FIRST.find(mark[place]) % 99)


def _first_to_try(found: _Found) -> tuple[int, int]:
    return -len(found.mark), found.lead


def _needed(tail: str, all_: Collection[_Found]) -> str:
    """Return what all shapes with a tail's beginning need around it; "" if they differ."""
    around = {s.around for found in all_ for s in SHAPES if found.mark in s.marks}
    is_alike = len(around) == 1 and not any(found.lead for found in all_)
    return around.pop().replace("MARK", re.escape(tail)) if is_alike else ""


def _any_of(tails: Mapping[str, str]) -> str:
    """Return a pattern for the longest of `tails` at a position, as a trie, so that few are tried at each.

    Each is followed by what it needs around it, or "".
    """
    firsts = sorted({tail[:1] for tail in tails})
    rest = {first: {t[1:]: needs for t, needs in tails.items() if t[:1] == first} for first in firsts}
    end = rest.pop("", None)
    ways = [re.escape(first) + _any_of(more) for first, more in rest.items()]
    return f"(?:{'|'.join(ways + ([] if end is None else [end['']]))})"


_BY_TAIL: Final = _by_tail()
_TAIL: Final = re.compile(_any_of({tail: _needed(tail, all_) for tail, all_ in _BY_TAIL.items()}))


def marked(text: str, start: int = 0) -> Iterator[SecretMatch]:
    """Return the secrets that begin at `start` or later, in order and without overlaps."""
    # The lower case of one capital letter has two characters, which would shift positions.
    lowered = text.replace("İ", "I").lower()
    done = start
    tail = _TAIL.search(lowered, start)
    while tail:
        secret = _secret_at(text, lowered, tail.start(), tail.group(), done)
        if secret:
            yield secret
            done = secret.end
        tail = _TAIL.search(lowered, max(done, tail.start() + 1))


def _secret_at(text: str, lowered: str, place: int, tail: str, done: int) -> SecretMatch | None:
    """Return the secret whose mark's tail is at a position, from `done` on."""
    for mark, lead, shapes in _BY_TAIL[tail]:
        start = place - lead
        if start < done or (mark != tail and not lowered.startswith(mark, start)):
            continue
        for shape in shapes:
            if match := shape.pattern.match(text, start):
                first, end = shape.secret_in(match)
                return SecretMatch(first, end, shape.name)
    return None
