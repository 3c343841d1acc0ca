"""Health checks of the work queues, made from their declarations."""

from __future__ import annotations

from core.queue.state import register_checks

register_checks()
