"""Takes secrets out of text and of log records before anybody can read them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any, Final

from core.secret_shapes import MASK, SHAPES

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|authorization|cookie|credential|dsn$"
    r"|(api|access|private|session|signing|encryption)[_-]?key",
    re.IGNORECASE,
)


def _by_mark() -> dict[str, tuple[re.Pattern[str], ...]]:
    """Each mark with what may begin there, which is also what begins with a shorter one."""
    marks = {mark for shape in SHAPES for mark in shape.marks}
    return {mark: tuple(s.pattern for s in SHAPES if mark.startswith(s.marks)) for mark in marks}


def _any_of(marks: Collection[str]) -> str:
    """A pattern for the longest of `marks` at a place, letter by letter, so that few are tried at each."""
    firsts = sorted({mark[:1] for mark in marks})
    rest = {first: {mark[1:] for mark in marks if mark[:1] == first} for first in firsts}
    is_end = rest.pop("", None) is not None
    ways = [re.escape(first) + _any_of(more) for first, more in rest.items()]
    return f"(?:{'|'.join(ways)}){'?' if is_end else ''}" if ways else ""


_BY_MARK: Final = _by_mark()
_MARK: Final = re.compile(_any_of(_BY_MARK))


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced by `MASK`; twice is as once."""
    # One capital letter has a small one of two characters, and places must stay where they are.
    lowered = text.replace("İ", "I").lower()
    parts: list[str] = []
    done = 0
    mark = _MARK.search(lowered)
    while mark:
        start, end = _secret_at(text, mark.start(), mark.group())
        if end:
            parts += (text[done:start], MASK)
            done = end
        mark = _MARK.search(lowered, end or mark.start() + 1)
    return "".join((*parts, text[done:])) if parts else text


def _secret_at(text: str, place: int, mark: str) -> tuple[int, int]:
    """Where the secret is whose shape begins at a mark; (0, 0) for none."""
    for pattern in _BY_MARK[mark]:
        if found := pattern.match(text, place):
            return found.span(found.lastindex or 0)
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


def redact_record(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As a structlog processor, over a whole log record."""
    for key, value in list(record.items()):
        record[key] = MASK if is_secret(key) else redact_value(value)
    return record


def is_secret(name: object) -> bool:
    """Whether what goes by this name is kept out of sight."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
