"""Banner of failing health checks on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.health.monitor import HEALTH_MONITOR, affecting
from core.live.hub import FAILING_CHECKS
from core.ui.panels import Panel, panel


@panel
class FailingChecks(Panel):
    """One red line for each failing check, with the time it began."""

    name = "failing_checks"
    title = "Outages"
    template = "layouts/failing_checks.html"

    def topics(self, key: str) -> tuple[str, ...]:
        """Return the topics signalled when a check begins or ceases to fail."""
        return (FAILING_CHECKS,)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the failing checks of the whole installation and of the viewer's workspace."""
        return {"failing_checks": affecting(HEALTH_MONITOR.failing_checks(), actor.workspace_id)}

    def version(self, context: Mapping[str, Any]) -> str:
        """Return a text that changes with every failing check that begins or ends.

        Without seconds, since each process finds out by itself when a check began to fail.
        """
        checks = context["failing_checks"]
        return "|".join(f"{one.name} {one.since:%Y-%m-%d %H:%M} {one.advice}" for one in checks)
