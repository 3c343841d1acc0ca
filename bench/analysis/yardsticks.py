"""Baselines for the analysis: the most frequent category, keywords, the most similar known group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

Group = dict[str, Any]
# In the order in which they are tried.
KEYWORDS: Final = (
    ("database", "database_issue"), ("connection", "database_issue"), ("timeout", "performance_issue"),
    ("memory", "memory_issue"), ("heap", "memory_issue"), ("refused", "network_issue"),
    ("upstream", "network_issue"), ("token", "authentication_issue"),
    ("authentication", "authentication_issue"), ("rate limit", "rate_limit_issue"), ("disk", "storage_issue"),
)  # fmt: skip


def text_of(group: Group) -> str:
    """Return every message and event type of a group in lower case."""
    return "\n".join(f"{e.get('event_type', '')} {e['message']}" for e in group["events"]).lower()


def majority(known: Sequence[Group]) -> Callable[[Group], str]:
    """Return the most frequent category of the known groups."""
    [(most, _)] = Counter(group["category"] for group in known).most_common(1)
    return lambda group: most


def keywords(group: Group) -> str:
    """Return the category of the first keyword in the text."""
    text = text_of(group)
    return next((category for word, category in KEYWORDS if word in text), "unknown")


def _grams(text: str) -> Counter[str]:
    return Counter(text[n : n + 3] for n in range(len(text) - 2))


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """Return the cosine of two counts of 3-grams."""
    shared = sum(count * other[gram] for gram, count in one.items())
    lengths = [sum(count * count for count in grams.values()) ** 0.5 for grams in (one, other)]
    return shared / (lengths[0] * lengths[1] or 1.0)


def nearest(known: Sequence[Group]) -> Callable[[Group], str]:
    """Return the category of the most similar known group."""
    learnt = [(_grams(text_of(group)), str(group["category"])) for group in known]

    def say(group: Group) -> str:
        grams = _grams(text_of(group))
        return max(learnt, key=lambda one: _alike(grams, one[0]))[1]

    return say
