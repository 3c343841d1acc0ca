"""Message templates: lines that differ only in variable parts, merged for display. Pure.

Lines are grouped by their masked shape first. Shapes of equal length with the same beginning and mostly the
same words are then merged, like the Drain algorithm does, into one template with `<*>` where they differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from detection.analysis.text import PLACEHOLDER, masked, shape_of_masked

MAX_TEMPLATES: Final = 1_000
MIN_SIMILARITY: Final = 0.6  # share of equal words
MAX_EVENT_IDS: Final = 5


class Event(Protocol):
    """An event as input for templates."""

    @property
    def id(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(slots=True)
class MessageTemplate:
    """Similar lines: their common words, number, sources, and the first few event ids."""

    words: list[str]
    count: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    shapes: list[int] = field(default_factory=list)
    event_ids: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the template as one line."""
        return " ".join(self.words)

    def as_json(self) -> dict[str, Any]:
        """Return it as the analysis stores it. Shapes are strings: JSON numbers are not exact at 64 bits."""
        return {
            "template": self.text[:500],
            "count": self.count,
            "sources": sorted(self.sources, key=lambda name: -self.sources[name])[:5],
            "shapes": [str(one) for one in self.shapes[:20]],
            "event_ids": self.event_ids[:MAX_EVENT_IDS],
        }


def templates_of(events: Iterable[Event]) -> list[MessageTemplate]:
    """Return the templates of messages, most frequent first."""
    by_shape: dict[str, MessageTemplate] = {}
    for event in events:
        text = masked(event.message)
        known = by_shape.get(text)
        if known is None:
            if len(by_shape) >= MAX_TEMPLATES:
                continue
            known = by_shape[text] = MessageTemplate(text.split(), shapes=[shape_of_masked(text)])
        known.count += 1
        known.sources[event.source] = known.sources.get(event.source, 0) + 1
        if len(known.event_ids) < MAX_EVENT_IDS:
            known.event_ids.append(event.id)
    return sorted(_merged(by_shape.values()), key=lambda one: (-one.count, one.text))


def _merged(found: Iterable[MessageTemplate]) -> list[MessageTemplate]:
    """Merge similar ones, in order; only those of the same length and first constant word are compared."""
    buckets: dict[tuple[int, str], list[MessageTemplate]] = defaultdict(list)
    for one in found:
        first = next((word for word in one.words if word != PLACEHOLDER), "")
        bucket = buckets[len(one.words), first]
        alike = next(
            (known for known in bucket if _similarity(known.words, one.words) >= MIN_SIMILARITY), None
        )
        if alike is None:
            bucket.append(one)
        else:
            _absorb(alike, one)
    return [one for bucket in buckets.values() for one in bucket]


def _similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of positions with the same word; a placeholder does not count."""
    same = sum(a == b and a != PLACEHOLDER for a, b in zip(one, other, strict=True))
    return same / max(1, sum(a != PLACEHOLDER or b != PLACEHOLDER for a, b in zip(one, other, strict=True)))


def _absorb(into: MessageTemplate, one: MessageTemplate) -> None:
    into.words = [a if a == b else PLACEHOLDER for a, b in zip(into.words, one.words, strict=True)]
    into.count += one.count
    into.shapes += one.shapes
    into.event_ids += one.event_ids[: MAX_EVENT_IDS - len(into.event_ids)]
    for source, count in one.sources.items():
        into.sources[source] = into.sources.get(source, 0) + count
