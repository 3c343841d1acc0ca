"""Periodic tasks of incidents."""

from __future__ import annotations

from core.queue.declaration import periodic
from core.queues import UPKEEP

periodic("raise prolonged incidents", "incidents.raise_prolonged", 15.0, UPKEEP)
