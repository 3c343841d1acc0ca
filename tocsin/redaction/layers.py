"""Finds secrets below one layer of encoding: escapes, base64, lines wrapped by a terminal.

A layer is the decoded text, with the position in the given text of each character.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from tocsin.redaction.marks import SecretMatch, marked

MAX_DEPTH: Final = 3  # nested base64
MIN_WRAPPED_LINE: Final = 40

# Delimiters between a name and its value, or in a URL, in encoded form.
_IS_ESCAPED: Final = re.compile(
    r"%(?:3[ad]|2[267f]|40|5[bcd])|\\u00(?:3[ad]|2[2567f]|40)|\\/|\\x(?:3[ad]|2[27f]|40)"
    r"|&(?:#x?[0-9a-f]{2,4}|quot|amp|apos|colon|equals|commat|sol);|=3d|\x00",
    re.IGNORECASE,
)
_ESCAPE: Final = re.compile(
    r"(?:%[0-9a-f]{2}){1,16}|\\u00[2-7][0-9a-f]|\\x[2-7][0-9a-f]|\\/"
    r"|&(?:#x?[0-9a-f]{2,4}|quot|amp|apos|colon|equals|commat|sol);|=(?:3d|\r?\n)|\x00",
    re.IGNORECASE,
)
# In base64 of plain text each fourth character encodes the beginning of a character below 128.
_BASE64: Final = re.compile(
    r"(?<![A-Za-z0-9+/=_.-])(?:[C-Za-f][A-Za-z0-9+/_-]{3}){6}[A-Za-z0-9+/_-]*={0,2}"
    r"(?:\r?\n[ \t]{0,20}[A-Za-z0-9+/]{16,}={0,2}(?=\s|$))*"
)
# A line that ends within a word, and a next one that begins within one.
_WRAPPED: Final = re.compile(
    r"(?<=[A-Za-z0-9_+/=.~-])\r?\n(?=[A-Za-z0-9_+/=.~-])"
    r"(?!\d{4}-\d\d|\d\d:\d\d|[A-Z]{4,8}[ :]|[A-Za-z_.-]{1,40}[ ]?[:=][^:=]|[a-z]{1,12}[ ])"
)


class _Layer(NamedTuple):
    text: str
    places: list[int]  # in the given text, one for each character and one for the end


def below(text: str, depth: int = 0) -> Iterator[SecretMatch]:
    """Return the secrets found below a layer, unordered."""
    if depth >= MAX_DEPTH:
        return
    for start, end in _lines_with(_IS_ESCAPED, text):
        yield from _moved(_in_layer(_unescaped(text[start:end]), depth), start)
    if "\n" in text:
        for start, end in _lines_with(_WRAPPED, text):
            yield from _moved(_continued_on_next_line(text[start:end]), start)
    yield from _in_base64(text, depth)


def _lines_with(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Return where the lines with a match begin and end; including the next line if the match ends a line."""
    start = end = -1
    for match in pattern.finditer(text):
        if match.start() > end >= 0:
            yield start, end
            start = -1
        if start < 0:
            start = text.rfind("\n", 0, match.start()) + 1
        if match.end() > end:
            end = text.find("\n", match.end())
            end = len(text) if end < 0 else end
    if start >= 0:
        yield start, end


def _moved(found: Iterator[SecretMatch], by: int) -> Iterator[SecretMatch]:
    return (SecretMatch(start + by, end + by, rule) for start, end, rule in found)


def _in_layer(layer: _Layer, depth: int) -> Iterator[SecretMatch]:
    for find in (marked, lambda text: below(text, depth + 1)):
        for start, end, rule in find(layer.text):
            yield SecretMatch(layer.places[start], layer.places[end], rule)


def _replaced(text: str, pattern: re.Pattern[str], write: Callable[[str], str]) -> _Layer:
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for match in pattern.finditer(text):
        written = write(match.group())
        parts += (text[done : match.start()], written)
        places += range(done, match.start())
        step = len(match.group()) // len(written) if written else 0
        places += (match.start() + step * number for number in range(len(written)))
        done = match.end()
    parts.append(text[done:])
    places += range(done, len(text) + 1)
    return _Layer("".join(parts), places)


def _unescaped(text: str) -> _Layer:
    return _replaced(text, _ESCAPE, _plain)


def _plain(escape: str) -> str:
    if escape[0] == "%":
        # Characters that usually end a line or a text may be part of a secret here.
        return unquote(escape, errors="replace")
    if escape[0] == "\\":
        return "/" if escape == "\\/" else chr(int(escape[2:], 16))
    if escape[0] == "&":
        return html.unescape(escape)
    return "=" if escape.lower() == "=3d" else ""


def _continued_on_next_line(text: str) -> Iterator[SecretMatch]:
    """Return the secrets that continue in the next line."""
    edges = [m.start() for m in _WRAPPED.finditer(text) if _line_length(text, m.start()) >= MIN_WRAPPED_LINE]
    if not edges:
        return
    layer = _replaced(text, _WRAPPED, lambda _: "")
    for start, end, rule in marked(layer.text):
        first, last = layer.places[start], layer.places[end]
        at = bisect_left(edges, first)
        if at < len(edges) and edges[at] < last and layer.places[end - 1] > edges[at]:
            yield SecretMatch(first, last, rule)


def _line_length(text: str, end: int) -> int:
    return end - text.rfind("\n", 0, end) - 1


def _in_base64(text: str, depth: int) -> Iterator[SecretMatch]:
    for run in _BASE64.finditer(text):
        plain = _decoded(run.group())
        if plain:
            inner = next(marked(plain), None) or next(below(plain, depth + 1), None)
            if inner:
                yield SecretMatch(run.start(), run.end(), inner.rule)


def _decoded(run: str) -> str:
    """Decode a run of base64; "" if it encodes no text."""
    packed = re.sub(r"\s+", "", run).rstrip("=").replace("-", "+").replace("_", "/")
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    try:
        plain = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return plain if all(c.isprintable() or c in "\r\n\t" for c in plain) else ""
