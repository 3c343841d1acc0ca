"""Manual checklist; a person reports the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediation.executors.base import Executor, Order, Progress, Report, executor
from remediation.executors.placeholders import shown


@executor
class Manual(Executor):
    """Manual action: it runs until a person reports the outcome."""

    kind = "manual"
    title = "Manual"
    by_hand = True

    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Manual actions have no settings."""
        return [(name, "is not used by manual actions") for name in config]

    def preview(self, order: Order) -> str:
        """The steps, with placeholders filled in."""
        values = {"component": order.target or "the affected service", **order.arguments}
        return "\n".join(f"{n}. {shown(step, values)}" for n, step in enumerate(order.steps, 1))

    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Wait for the person."""
        return Report(Progress.RUNNING, output=self.preview(order))

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Still with the person."""
        return Report(Progress.RUNNING)
