"""Items that probes return, and the registration of probes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tocsin.collector.context import Context

WHOLE, TAIL, PARTIAL, SKIPPED = "whole", "tail", "partial", "skipped"


class Item(NamedTuple):
    """One entry of a bundle: a document or the bytes of a log. A skipped one has no entry, only a reason."""

    path: str
    source: str
    chunks: Iterable[bytes] = ()
    document: Any = None
    state: str = WHOLE
    reason: str = ""
    continues: bool = False  # the next item is a file of the same rotation


class Probe(NamedTuple):
    """A probe: `run` yields its items within `seconds`. `phase` is its line of progress."""

    name: str
    seconds: float
    phase: str
    run: Callable[[Context], Iterator[Item]]


PROBES: dict[str, Probe] = {}
SYSTEM, HEALTH, LOGS = "Collecting system info...", "Running health checks...", "Gathering logs..."


def probe(name: str, *, seconds: float = 10.0, phase: str = SYSTEM) -> Callable[[Any], Any]:
    """Register a function as a probe."""

    def declare(run: Callable[[Context], Iterator[Item]]) -> Callable[[Context], Iterator[Item]]:
        PROBES[name] = Probe(name, seconds, phase, run)
        return run

    return declare


def skipped(source: str, reason: str) -> Item:
    """Return an item that is not in the bundle, with the reason."""
    return Item("", source, state=SKIPPED, reason=reason)


def as_json(document: Any) -> bytes:
    """Return a document as JSON; non-finite numbers become null."""
    text = json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _finite(value: Any) -> Any:
    """Return the value without NaN and infinities, which JSON lacks and Tocsin refuses."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key) if isinstance(key, float) else key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
