"""Replaces secrets in text and in JSON-like data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from core.secret_shapes.every import SHAPES
from core.secret_shapes.shape import MASK

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|authorization|cookie|credential|dsn$"
    r"|(api|access|private|session|signing|encryption)[_-]?key",
    re.IGNORECASE,
)


# How often a letter stands in lines of log, roughly; the first is the rarest.
_RAREST_FIRST: Final = "~#$%?&;>jqzx[({})]kvbywgfpu_=/'mhldc.:\"-srnitoae"


class _Found(NamedTuple):
    """A mark of which a rare letter and what follows it was found, `lead` letters behind its beginning."""

    mark: str
    lead: int
    patterns: tuple[re.Pattern[str], ...]


def _by_tail() -> dict[str, tuple[_Found, ...]]:
    """The marks by what is looked for: each from its rarest letter on, which few places begin with."""
    marks = {mark for shape in SHAPES for mark in shape.marks}
    found = [_Found(m, _rarest(m), tuple(s.pattern for s in SHAPES if m in s.marks)) for m in marks]
    tails = {f.mark[f.lead :] for f in found}
    return {
        tail: tuple(sorted((f for f in found if tail.startswith(f.mark[f.lead :])), key=_first_to_try))
        for tail in tails
    }


def _rarest(mark: str) -> int:
    """The place of the letter from which on a mark is looked for: of those with two more behind them."""
    places = range(1 if mark[0] == "-" else max(1, len(mark) - 2))
    return min(places, key=lambda place: _RAREST_FIRST.find(mark[place]) % 99)


def _first_to_try(found: _Found) -> tuple[int, int]:
    return -len(found.mark), found.lead


def _needed(tail: str, all_: Collection[_Found]) -> str:
    """What all shapes of marks that begin with a tail's beginning need around it; "" if they differ."""
    around = {s.around for found in all_ for s in SHAPES if found.mark in s.marks}
    is_alike = len(around) == 1 and not any(found.lead for found in all_)
    return around.pop().replace("MARK", re.escape(tail)) if is_alike else ""


def _any_of(tails: Mapping[str, str]) -> str:
    """A pattern for the longest of `tails` at a place, letter by letter, so that few are tried at each.

    Behind each stands what it needs around it, or "".
    """
    firsts = sorted({tail[:1] for tail in tails})
    rest = {first: {t[1:]: needs for t, needs in tails.items() if t[:1] == first} for first in firsts}
    end = rest.pop("", None)
    ways = [re.escape(first) + _any_of(more) for first, more in rest.items()]
    return f"(?:{'|'.join(ways + ([] if end is None else [end['']]))})"


_BY_TAIL: Final = _by_tail()
_TAIL: Final = re.compile(_any_of({tail: _needed(tail, all_) for tail, all_ in _BY_TAIL.items()}))


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced by `MASK`; twice is as once."""
    # One capital letter has a small one of two characters, and places must stay where they are.
    lowered = text.replace("İ", "I").lower()
    parts: list[str] = []
    done = 0
    tail = _TAIL.search(lowered)
    while tail:
        start, end = _secret_at(text, lowered, tail.start(), tail.group(), done)
        if end:
            parts += (text[done:start], MASK)
            done = end
        tail = _TAIL.search(lowered, max(end, tail.start() + 1))
    return "".join((*parts, text[done:])) if parts else text


def _secret_at(text: str, lowered: str, place: int, tail: str, done: int) -> tuple[int, int]:
    """Where the secret is of which a mark's tail stands at a place, from `done` on; (0, 0) for none."""
    for mark, lead, patterns in _BY_TAIL[tail]:
        start = place - lead
        if start < done or (mark != tail and not lowered.startswith(mark, start)):
            continue
        for pattern in patterns:
            if secret := pattern.match(text, start):
                return secret.span(secret.lastindex or 0)
    return 0, 0


def redact_value(value: Any) -> Any:
    """The same for JSON-like data: values under secret names go, texts are searched, other scalars stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: MASK if is_secret(k) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(v) for v in value]
    return value


def is_secret(name: object) -> bool:
    """Whether what goes by this name is kept out of sight."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
