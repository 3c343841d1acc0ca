"""Bounded path expressions over a decoded body. Pure.

`alert.labels.host`   a path: names by dots, list indexes as `[0]`, odd names as `["a.b"]`; `$.` is optional.
`title | alert.name`  the first of these that exists and is not empty.
`"checkout"`          a constant text, mostly as the last alternative.
`{host}: {check}`     a template; each placeholder is one of the above. `{{` is a brace.
`[*]` in a path of `find_all` means every element.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

MAX_EXPRESSION_CHARS: Final = 500
STEPS: Final = 16
MAX_JSON_CHARS: Final = 300_000
MAX_FOUND: Final = 10_000
_STEP: Final = re.compile(
    r"""\.?(?P<name>[^\s.\[\]{}|"']+) | \[(?P<place>-?\d{1,6})\] | \[(?P<every>\*)\]
        | \[(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\]""",
    re.VERBOSE,
)
_HOLE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
EVERY: Final = object()


class ExpressionError(ValueError):
    """An invalid expression; the message says what is wrong with it."""


def check(expression: str) -> None:
    """Raise ExpressionError unless `expression` can be evaluated."""
    text_of(expression, {})


def text_of(expression: str, body: Any) -> str:
    """Return the text an expression finds in `body`; empty if it finds nothing. Raises ExpressionError."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ExpressionError(f"must be at most {MAX_EXPRESSION_CHARS} characters")
    if "{" not in expression:
        return as_text(value_of(expression, body))
    if not _is_closed(expression):
        raise ExpressionError("has a brace that is not closed")
    return _HOLE.sub(lambda hole: _fill(hole, body), expression)


def value_of(expression: str, body: Any) -> Any:
    """Return the value of the first alternative that finds one, else None. Raises ExpressionError."""
    for alternative in _compiled(expression):
        value = alternative if isinstance(alternative, str) else _first(alternative, body)
        if value is not None and value != "":
            return value
    return None


def find_all(path: str, body: Any) -> list[Any]:
    """Return every value at a path with `[*]` in it, at most 10,000; a list at the end is flattened."""
    found = [one for value in _walk(steps_of(path), 0, body) for one in _apart(value)]
    return found[:MAX_FOUND]


def steps_of(path: str) -> list[Any]:
    """Parse `a.b[0]["c.d"]` -> ["a", "b", 0, "c.d"]; EVERY stands for `[*]`. Raises ExpressionError."""
    rest, steps = path.strip().removeprefix("$").lstrip("."), []
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise ExpressionError(f"cannot be read from {rest[:20]!r} on")
        steps.append(_step(match))
        rest = rest[match.end() :]
    if len(steps) > STEPS:
        raise ExpressionError(f"must have at most {STEPS} steps")
    return steps


def as_text(value: Any) -> str:
    """Return a value as text: strings unchanged, lists of scalars with commas, objects as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(map(str, value))
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return str(value)


def _step(match: re.Match[str]) -> Any:
    if match["every"]:
        return EVERY
    if match["place"]:
        return int(match["place"])
    return next(match[name] for name in ("name", "double", "single") if match[name] is not None)


@functools.lru_cache(maxsize=4096)
def _is_closed(template: str) -> bool:
    rest = _HOLE.sub("", template)
    return "{" not in rest and "}" not in rest


def _fill(hole: re.Match[str], body: Any) -> str:
    return hole[0][0] if hole[1] is None else as_text(value_of(hole[1], body))


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str) -> tuple[str | tuple[Any, ...], ...]:
    """Return each alternative as the steps of its path, or as its text. Every one is checked."""
    return tuple(
        _literal(one) if one[0] in "\"'" else tuple(steps_of(one)) for one in _alternatives(expression)
    )


def _alternatives(expression: str) -> list[str]:
    parts, quote = [""], ""
    for char in expression:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        if char == "|" and not quote:
            parts.append("")
        else:
            parts[-1] += char
    stripped = [part.strip() for part in parts]
    if quote:
        raise ExpressionError("has a quote that is not closed")
    if stripped == [""]:
        return []
    if not all(stripped):
        raise ExpressionError("has nothing between two bars")
    return stripped


def _literal(text: str) -> str:
    if len(text) < 2 or text[-1] != text[0] or text[0] in text[1:-1]:
        raise ExpressionError(f"cannot be read from {text[:20]!r} on")
    return text[1:-1]


def _first(steps: Sequence[Any], body: Any) -> Any:
    """Return the value at the end of a path.

    Iterative, since a body of 10,000 alerts needs half a million of them.
    """
    for place, step in enumerate(steps):
        if type(body) is str and body[:1] in ("{", "["):
            body = _json_in(body)
        if type(body) is dict:
            body = body.get(step)
        elif step is EVERY:
            return next(_walk(steps, place, body), None)
        elif type(body) is list and type(step) is int:
            body = body[step] if -len(body) <= step < len(body) else None
        else:
            return None
    return body


@functools.lru_cache(maxsize=64)
def _json_in(text: str) -> Any:
    """Parse a text that is JSON itself, as in SNS and forms; other text is unchanged."""
    try:
        return orjson.loads(text) if len(text) <= MAX_JSON_CHARS else text
    except (orjson.JSONDecodeError, RecursionError):
        return text


def _walk(steps: Sequence[Any], at: int, value: Any) -> Iterator[Any]:
    if at == len(steps):
        yield value
        return
    step = steps[at]
    value = _json_in(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    if step is EVERY:
        for child in value if isinstance(value, list) else ():
            yield from _walk(steps, at + 1, child)
    elif isinstance(step, int):
        if isinstance(value, list) and -len(value) <= step < len(value):
            yield from _walk(steps, at + 1, value[step])
    elif isinstance(value, dict) and step in value:
        yield from _walk(steps, at + 1, value[step])


def _apart(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
