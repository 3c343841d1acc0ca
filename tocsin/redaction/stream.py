"""Redaction of streams: logs of any size in windows, with state carried from one window to the next."""

from __future__ import annotations

import codecs
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tocsin.redaction.engine import findings, merged, replaced
from tocsin.redaction.marks import SecretMatch
from tocsin.redaction.shape import rule_name

WINDOW: Final = 256 * 1024  # characters
STEP: Final = 64 * 1024  # of a line longer than a window
AHEAD: Final = 8 * 1024  # characters read beyond a window
CONTEXT: Final = 8 * 1024  # characters read before it
MAX_LINES_OF_KEY: Final = 200
PRIVATE_KEY: Final = "private key"

Finder = Callable[[str], Iterable[SecretMatch]]

_LINE_OF_KEY: Final = re.compile(r"[ \t]*[A-Za-z0-9+/]{4,}={0,2}[ \t]*(?:\r?\n|$)")
_REST_OF_WORD: Final = re.compile(r"[^\s\"'<>,;]*")
_BOM: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Redactor:
    """Redacts bytes as they arrive; the result does not depend on how they are split.

    A placeholder is `[redacted:<rule>:<6 hex>]`: equal secrets of one key have equal placeholders. One
    redactor processes the files of one rotation in order, each ended by `end_of_file`.
    """

    def __init__(self, key: bytes, finders: Sequence[Finder] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._key = key
        self._finders = (findings, *finders)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._first = b""
        self._text = ""
        self._context = ""
        self._lines_of_key = 0  # of an unfinished private key; 0 outside of one
        self._within: str | None = None  # the rule of a secret that is longer than a window

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes of a file; return those that are finished."""
        self._text += self._decoded(data, is_last=False)
        done: list[str] = []
        while len(self._text) >= WINDOW + AHEAD:
            done.append(self._window(is_last=False))
        return _encoded("".join(done))

    def end_of_file(self, *, ends_rotation: bool = False) -> bytes:
        """Return the rest of a file; a private key may continue in the next one of its rotation."""
        self._text += self._decoded(b"", is_last=True)
        done: list[str] = []
        while len(self._text) >= WINDOW + AHEAD:
            done.append(self._window(is_last=False))
        done.append(self._window(is_last=True))
        self._decoder, self._context, self._within = None, "", None
        if ends_rotation:
            self._lines_of_key = 0
        return _encoded("".join(done))

    def text(self, text: str) -> str:
        """Redact one whole text, independent of the streams."""
        return replaced(text, merged(m for find in self._finders for m in find(text)), self._placeholder)

    def _decoded(self, data: bytes, *, is_last: bool) -> str:
        if self._decoder is None:
            self._first += data
            if len(self._first) < 2 and not is_last:
                return ""
            name = "utf-16" if self._first[:2] in _BOM else "utf-8"
            errors = "replace" if name == "utf-16" else "surrogateescape"
            self._decoder = codecs.getincrementaldecoder(name)(errors)
            data, self._first = self._first, b""
        return self._decoder.decode(data, final=is_last)

    def _window(self, *, is_last: bool) -> str:
        done = self._continuation()
        region = self._text if is_last else self._text[: WINDOW + AHEAD]
        found = self._found_in(region)
        cut = len(region) if is_last else _cut(region, found)
        shown = replaced(region[:cut], (m for m in found if m.start < cut), self._placeholder)
        self._remember(region, found, cut, is_last=is_last)
        self._context = (self._context + region[:cut])[-CONTEXT:]
        self._text = self._text[cut:]
        return done + shown

    def _found_in(self, region: str) -> list[SecretMatch]:
        before = len(self._context)
        text = self._context + region
        found = merged(m for find in self._finders for m in find(text))
        return [
            SecretMatch(max(0, m.start - before), m.end - before, m.rule) for m in found if m.end > before
        ]

    def _remember(self, region: str, found: list[SecretMatch], cut: int, *, is_last: bool) -> None:
        last = next((m for m in reversed(found) if m.start < cut), None)
        if last is None or last.end < len(region):
            return
        if last.rule.startswith(PRIVATE_KEY):
            self._lines_of_key = 1
        elif not is_last:
            self._within = last.rule

    def _continuation(self) -> str:
        """Return the beginning of the text that continues the secret before it."""
        end, rule = 0, PRIVATE_KEY
        while self._lines_of_key and (line := _LINE_OF_KEY.match(self._text, end)) and line.end() > end:
            end = line.end()
            self._lines_of_key = (self._lines_of_key + 1) % MAX_LINES_OF_KEY
        if self._within:
            rule, rest = self._within, _REST_OF_WORD.match(self._text)
            end = rest.end() if rest else 0
        if end < len(self._text):
            self._lines_of_key, self._within = 0, None
        secret, self._text = self._text[:end], self._text[end:]
        return self._placeholder(secret, rule) + ("\n" if secret.endswith("\n") else "") if secret else ""

    def _placeholder(self, secret: str, rule: str) -> str:
        if secret.startswith("[redacted"):
            return secret
        name = rule_name(rule)
        self.counts[name] += 1
        digest = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"[redacted:{name}:{digest.hexdigest()[:6]}]"


def _cut(region: str, found: list[SecretMatch]) -> int:
    """Return where a window ends: after a line, never within a secret."""
    cut = region.rfind("\n", 0, WINDOW) + 1 or STEP
    crossing = next((m for m in found if m.start < cut < m.end), None)
    return crossing.end if crossing else cut


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
