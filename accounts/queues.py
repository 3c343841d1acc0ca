"""Periodic tasks of accounts."""

from __future__ import annotations

from core.queue.declaration import periodic
from core.queues import UPKEEP

periodic("prune sign-ins", "accounts.prune", 1200.0, UPKEEP)
periodic("refill shifts", "accounts.refill_shifts", 3600.0, UPKEEP)
