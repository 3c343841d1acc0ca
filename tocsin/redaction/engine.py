"""Finds secrets in text and replaces them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tocsin.redaction.layers import below
from tocsin.redaction.marks import SecretMatch, marked
from tocsin.redaction.shape import MASK

_END_OF_KEY: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_LINE_OF_KEY: Final = re.compile(r"[A-Za-z0-9+/]{2,}={0,2}\s*")
MAX_LINES_OF_KEY: Final = 200


def findings(text: str) -> Iterator[SecretMatch]:
    """Return the secrets of a text, in order and without overlaps."""
    more = [*below(text), *_keys_without_a_beginning(text)]
    return merged([*marked(text), *more]) if more else marked(text)


def redact(text: str) -> str:
    """Return the text with everything that looks like a credential replaced by `MASK`; idempotent."""
    return replaced(text, findings(text), lambda _secret, _rule: MASK)


def replaced(text: str, found: Iterable[SecretMatch], placeholder: Callable[[str, str], str]) -> str:
    """Return the text with each match replaced by a placeholder."""
    parts: list[str] = []
    done = 0
    for start, end, rule in found:
        parts += (text[done:start], placeholder(text[start:end], rule))
        done = end
    return "".join((*parts, text[done:])) if parts else text


def merged(found: Iterable[SecretMatch]) -> Iterator[SecretMatch]:
    """Return matches in order; overlapping ones become one, under the rule of the first."""
    last: SecretMatch | None = None
    for match in sorted(found, key=lambda m: (m.start, -m.end)):
        if last is not None and match.start < last.end:
            last = last._replace(end=max(last.end, match.end))
        else:
            if last is not None:
                yield last
            last = match
    if last is not None:
        yield last


def _keys_without_a_beginning(text: str) -> Iterator[SecretMatch]:
    """Return the lines of base64 before the end of a private key whose beginning is not in the text."""
    if "-----END" not in text:
        return
    for end in _END_OF_KEY.finditer(text):
        start = end.start()
        for _ in range(MAX_LINES_OF_KEY):
            line = text.rfind("\n", 0, max(0, start - 1)) + 1
            if line >= start or not _LINE_OF_KEY.fullmatch(text, line, start):
                break
            start = line
        if start < end.start():
            yield SecretMatch(start, end.start(), "private key")
