"""Registry of onboarding steps; each app adds its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.registry import Registry

IsDone = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class OnboardingStep:
    """One step. `is_done` takes the viewer's actor and costs a query; `url` is where to do it.

    code: something to copy and run, with {base_url} for the site's address.
    """

    title: str
    why: str
    url: str
    link: str
    is_done: IsDone
    order: int = 50
    code: str = ""


ONBOARDING_STEPS: Registry[OnboardingStep] = Registry("first step")


def onboarding_step(
    name: str, *, title: str, why: str, url: str, link: str, order: int, code: str = ""
) -> Callable[[IsDone], IsDone]:
    """Decorator: the function returns whether the step is done in the actor's workspace."""

    def add(is_done: IsDone) -> IsDone:
        ONBOARDING_STEPS.add(name, OnboardingStep(title, why, url, link, is_done, order, code))
        return is_done

    return add


def onboarding_steps() -> list[OnboardingStep]:
    """Return every step, in order."""
    return sorted(ONBOARDING_STEPS, key=lambda step: step.order)
