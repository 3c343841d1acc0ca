"""A resolved incident with its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models may be imported only after the servers run
    from incidents.models import Incident


@pytest.fixture
def resolved(workspace, actor) -> Incident:
    """INC-1: two components, acknowledged, resolved, commanded by `actor`."""
    from incidents.correlation.services.opening import declare_incident
    from incidents.lifecycle.services.resolving import resolve_incident
    from incidents.lifecycle.services.responding import acknowledge_incident, change_severity

    declare_incident(
        actor, title="Checkout returns 502", description="Card payments fail.", components=["api", "db"]
    )
    acknowledge_incident(actor, number=1)
    change_severity(actor, number=1, severity="sev1")
    return resolve_incident(actor, number=1, message="Scaled the pool.", root_cause="Pool too small.")
