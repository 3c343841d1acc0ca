"""Detects dependency cycles. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def circle(start: int, needs: Iterable[int], edges: Mapping[int, Iterable[int]]) -> list[int]:
    """Return the cycle from `start` back to itself if it depended on `needs`, both ends included.

    Empty if none. `edges`: the current dependencies; those of `start` itself are replaced by `needs`. Takes
    at most one step per edge, however deep they go.
    """
    predecessor: dict[int, int] = {}
    waiting = [(one, start) for one in needs]
    while waiting:
        one, needed_by = waiting.pop()
        if one in predecessor:
            continue
        predecessor[one] = needed_by
        if one == start:
            return _way(start, predecessor)
        waiting += [(further, one) for further in edges.get(one, ())]
    return []


def _way(start: int, predecessor: Mapping[int, int]) -> list[int]:
    way = [start, predecessor[start]]
    while way[-1] != start:
        way.append(predecessor[way[-1]])
    return way[::-1]
