"""Detects dependency cycles. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def circle(start: int, needs: Iterable[int], edges: Mapping[int, Iterable[int]]) -> list[int]:
    """Return the cycle from `start` back to itself if it depended on `needs`, both ends included.

    Empty if none. `edges`: the current dependencies; those of `start` itself are replaced by `needs`. Takes
    at most one step per edge, however deep they go.
    """
    came_from: dict[int, int] = {}
    waiting = [(one, start) for one in needs]
    while waiting:
        one, needed_by = waiting.pop()
        if one in came_from:
            continue
        came_from[one] = needed_by
        if one == start:
            return _way(start, came_from)
        waiting += [(further, one) for further in edges.get(one, ())]
    return []


def _way(start: int, came_from: Mapping[int, int]) -> list[int]:
    way = [start, came_from[start]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
