"""Strict JSON parser of the API: finite numbers, valid characters, bounded depth and size. Pure."""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import from_json

from core.errors import FieldFault, Invalid, Malformed, TooLarge

MAX_BODY: Final = 1_048_576
MAX_DEPTH: Final = 64


def load(body: bytes, *, limit: int = MAX_BODY) -> Any:
    """Parse a JSON document of at most `limit` bytes (1 MB).

    Raises TooLarge, Malformed, and Invalid for NUL characters. NaN, Infinity, lone surrogates and other
    encodings than UTF-8 are malformed, and so is nesting beyond 64.
    """
    if len(body) > limit:
        raise TooLarge(f"The body has {len(body)} bytes; {limit} are allowed. Nothing was stored.")
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}. Nothing was stored.") from error
    _inspect(value)
    return value


def _inspect(document: Any) -> None:
    """Walk iteratively: a document may be deeper than Python's stack."""
    waiting: list[tuple[str, int, Any]] = [("", 0, document)]
    while waiting:
        where, depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            raise Malformed(f"The body is nested deeper than {MAX_DEPTH} levels. Nothing was stored.")
        if isinstance(value, str):
            _refuse_nul(where, value)
        elif isinstance(value, dict):
            for key in value:
                _refuse_nul(where, key)
            waiting.extend((f"{where}.{key}".lstrip("."), depth + 1, item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{where}[{index}]", depth + 1, item) for index, item in enumerate(value))


def _refuse_nul(where: str, text: str) -> None:
    if "\x00" in text:
        fault = FieldFault(where[:200] or "body", "nul", "must not contain NUL characters")
        raise Invalid("A text contains a NUL character. Nothing was stored.", faults=[fault])
