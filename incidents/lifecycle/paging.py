"""Registry of functions that return whether people are still paged about an acknowledged incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.registry import Registry
from incidents.models import Incident

IsPaging = Callable[[Incident], bool]
PAGING: Final[Registry[IsPaging]] = Registry("source of pages")


def pages_again(incident: Incident) -> bool:
    """Whether people are paged although it was acknowledged, so that it can be acknowledged again."""
    return incident.acknowledged_at is not None and any(is_paging(incident) for is_paging in PAGING)
