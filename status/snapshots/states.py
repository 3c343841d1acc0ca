"""Computes the state of public components. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from status.pages.models import PublicComponent
from status.vocabulary import OF_IMPACT, ComponentState, Follows, worst


def state_of(
    component: PublicComponent,
    impacts: Mapping[str, Iterable[str]],
    in_maintenance: bool,
) -> str:
    """Manual state, else the worst impact of its incidents, else maintenance, else operational.

    impacts: impacts on its internal component, by `follows` ("published", "incidents").
    """
    if component.manual_state:
        return component.manual_state
    given = impacts.get(component.follows, ()) if component.follows != Follows.MANUAL else ()
    states = [OF_IMPACT[one].value for one in given]
    if in_maintenance:
        states.append(ComponentState.MAINTENANCE.value)
    return worst(states)
