"""Events to send; needs no Django."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Send = Callable[..., tuple[int, int]]


def errors(
    count: int, *, source: str = "shop", over: float = 10.0, ago: float = 0.0, **fields: Any
) -> list[dict[str, Any]]:
    """`count` errors spread evenly over so many seconds, the last one `ago` seconds ago."""
    end = datetime.now(UTC) - timedelta(seconds=ago)
    step = over / max(1, count - 1)
    return [
        {"source": source, "level": "error", "message": f"boom {n}",
         "timestamp": (end - timedelta(seconds=step * (count - 1 - n))).isoformat(), **fields}
        for n in range(count)
    ]  # fmt: skip
