"""Rules that operators add, and secrets known by their value: both only add to the built-in rules."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tocsin.redaction.marks import SecretMatch

MIN_MARK_LENGTH: Final = 3
MAX_PATTERN_LENGTH: Final = 500
MAX_SECONDS: Final = 0.1
MIN_LITERAL_LENGTH: Final = 8
MIN_LITERAL_ENTROPY: Final = 3.0  # bits per character
_SIZES: Final = (12, 16, 18, 20, 22, 24, 200, 2_000, 8_000)
_HOSTILE: Final = ("a", " ", "a ", "=", "0a", "aA1-", "\\", '"')


class RuleError(ValueError):
    """A rule that is refused, with the reason."""


class OwnRule:
    """`pattern` is tried where one of `marks` occurs; `keep` is the group that holds the secret."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        if not isinstance(given, Mapping):
            raise RuleError("a rule is a table with name, marks and pattern")
        self.name = str(given.get("name", ""))
        marks, self._group = given.get("marks", ()), given.get("keep", 0)
        if not isinstance(marks, (list, tuple)) or not isinstance(self._group, int):
            raise RuleError(f"{self.name}: marks is a list of words, keep a number")
        self._marks = tuple(str(mark).lower() for mark in marks)
        pattern = str(given.get("pattern", ""))
        if not self.name or not self._marks or not pattern:
            raise RuleError("a rule needs name, marks and pattern")
        if short := [mark for mark in self._marks if len(mark) < MIN_MARK_LENGTH]:
            raise RuleError(f"{self.name}: the mark {short[0]!r} has less than {MIN_MARK_LENGTH} letters")
        if len(pattern) > MAX_PATTERN_LENGTH:
            raise RuleError(f"{self.name}: the pattern has more than {MAX_PATTERN_LENGTH} letters")
        self._pattern = self._compiled(pattern)
        self._refuse_if_slow()

    def __call__(self, text: str) -> Iterator[SecretMatch]:
        lowered = text.replace("İ", "I").lower()
        for mark in self._marks:
            at = lowered.find(mark)
            while at >= 0:
                match = self._pattern.match(text, at)
                if match and match.end(self._group) > match.start(self._group):
                    yield SecretMatch(*match.span(self._group), self.name)
                at = lowered.find(mark, max(at + 1, match.end() if match else 0))

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise RuleError(f"{self.name}: the pattern is not valid: {error}") from error
        if not 0 <= self._group <= compiled.groups:
            raise RuleError(f"{self.name}: the pattern has no group {self._group}")
        return compiled

    def _refuse_if_slow(self) -> None:
        for size in _SIZES:
            for letters in (*_HOSTILE, *self._marks):
                began = time.thread_time()
                self._pattern.match(self._marks[0] + letters * (size // len(letters)) + "\x01")
                if time.thread_time() - began > MAX_SECONDS:
                    raise RuleError(f"{self.name}: the pattern is too slow on a hostile line")


class Literals:
    """Finds strings known to be secret, such as the values of an environment."""

    def __init__(self, values: Iterable[str]) -> None:
        hidden = sorted({v for v in values if is_worth_hiding(v)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, hidden))) if hidden else None

    def __call__(self, text: str) -> Iterator[SecretMatch]:
        if self._pattern:
            for match in self._pattern.finditer(text):
                yield SecretMatch(match.start(), match.end(), "known value")


def is_worth_hiding(value: str) -> bool:
    """Return whether a value is long and random enough not to occur in texts by chance."""
    if len(value) < MIN_LITERAL_LENGTH:
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares) >= MIN_LITERAL_ENTROPY
