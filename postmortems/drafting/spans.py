"""Formats durations. Pure."""

from __future__ import annotations

from datetime import timedelta


def in_words(span: timedelta | None) -> str:
    """`45 minutes`, `2 hours 5 minutes`, `30 seconds`; empty for None."""
    if span is None:
        return ""
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [_counted(n, word) for n, word in ((days, "day"), (hours, "hour"), (minutes, "minute")) if n]
    return " ".join(parts[:2]) or _counted(left, "second")


def short(span: timedelta | None) -> str:
    """`45m`, `2h 5m`, `30s`; empty for None."""
    words = in_words(span).split()
    return " ".join(f"{n}{word[0]}" for n, word in zip(words[::2], words[1::2], strict=True))


def in_seconds(span: timedelta | None) -> str:
    """`120 seconds`, from ten minutes on with the words: `2700 seconds (45 minutes)`."""
    if span is None:
        return ""
    seconds = max(0, int(span.total_seconds()))
    return _counted(seconds, "second") + (f" ({in_words(span)})" if seconds >= 600 else "")


def _counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
