"""Queues and periodic tasks of incidents."""

from __future__ import annotations

from core.queue.declaration import periodic
from core.queues import UPKEEP
from incidents.archive.queues import ARCHIVE

__all__ = ["ARCHIVE"]  # beat and the workers find the declarations of an app in this module

periodic("remake analytics figures", "incidents.refresh_figures", 30.0, UPKEEP)
periodic("prune decisions", "incidents.prune_decisions", 3600.0, UPKEEP)
periodic("raise prolonged incidents", "incidents.raise_prolonged", 15.0, UPKEEP)
