"""Combines layers of spans, and finds the gaps they leave. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from accounts.oncall.turns import Span

Gap = tuple[datetime, datetime]


def laid_over(layers: Sequence[Sequence[Span]]) -> list[Span]:
    """Return non-overlapping spans: where they overlap, the last layer wins.

    Adjacent pieces of one span, split by a layer that was removed, are joined again.
    """
    shown: list[Span] = []
    for layer in layers:
        for span in layer:
            shown = [piece for one in shown for piece in _without(one, span)]
            shown.append(span)
    return _joined(sorted(shown, key=lambda span: span.starts_at))


def gaps(spans: Iterable[Span], start: datetime, end: datetime) -> list[Gap]:
    """Return the times between two instants without a span."""
    found: list[Gap] = []
    covered = start
    for span in sorted(spans, key=lambda one: one.starts_at):
        if span.starts_at >= end:
            break
        if span.starts_at > covered:
            found.append((covered, span.starts_at))
        covered = max(covered, span.ends_at)
    if covered < end:
        found.append((covered, end))
    return found


def _without(span: Span, cover: Span) -> list[Span]:
    if cover.ends_at <= span.starts_at or span.ends_at <= cover.starts_at:
        return [span]
    pieces = []
    if span.starts_at < cover.starts_at:
        pieces.append(Span(span.user_id, span.starts_at, cover.starts_at, span.uid))
    if cover.ends_at < span.ends_at:
        pieces.append(Span(span.user_id, cover.ends_at, span.ends_at, span.uid))
    return pieces


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and (last.user_id, last.uid, last.ends_at) == (span.user_id, span.uid, span.starts_at):
            joined[-1] = Span(span.user_id, last.starts_at, span.ends_at, span.uid)
        else:
            joined.append(span)
    return joined
