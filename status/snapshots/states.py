"""The state of each public component, from incidents, maintenance, or by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from status.pages.models import PublicComponent
from status.vocabulary import OF_IMPACT, ComponentState, Follows, worst


def state_of(
    component: PublicComponent,
    impacts: Mapping[str, Iterable[str]],
    in_maintenance: bool,
) -> str:
    """Set by hand, else the worst impact of the incidents it follows, else maintenance, else operational.

    impacts: by what may be followed ("published", "incidents"), the impacts on its catalogued component.
    """
    if component.manual_state:
        return component.manual_state
    given = impacts.get(component.follows, ()) if component.follows != Follows.MANUAL else ()
    states = [OF_IMPACT[one].value for one in given]
    if in_maintenance:
        states.append(ComponentState.MAINTENANCE.value)
    return worst(states)
