"""Pages of the installation: getting started, system status, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from accounts.sign_in.page_authentication import current_actor
from accounts.workspaces.services import dismiss_setup
from config.installation.effective_settings import effective_settings
from config.installation.system_status import sections
from config.settings import ENVIRONMENT
from core.ui.htmx import SeeOther, render
from core.ui.onboarding import OnboardingStep, onboarding_steps

SETUP: Final = "/setup"


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as the page shows it; `is_next`: the first that is not done."""

    step: OnboardingStep
    is_done: bool
    is_next: bool
    code: str


@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """GET /setup: which onboarding steps are done, and which comes next."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    done = {step.title: step.is_done(actor) for step in onboarding_steps()}
    following = next((title for title, is_done in done.items() if not is_done), "")
    shown = [
        StepView(
            step, done[step.title], step.title == following, step.code.format(base_url=settings.BASE_URL)
        )
        for step in onboarding_steps()
    ]
    is_away = workspace_of(actor).setup_dismissed_at is not None
    context = {
        "steps": shown,
        "done_count": sum(done.values()),
        "is_dismissed": is_away,
        "nav_current": "/settings" if is_away else SETUP,
        "menu_current": SETUP,
    }
    return render_page(request, "config/setup.html", context)


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """POST: hide the list, or with `show` show it again; 303."""
    is_dismissed = request.POST.get("show") != "on"
    dismiss_setup(current_actor(request), is_dismissed=is_dismissed)
    if not is_dismissed:
        return SeeOther(SETUP)
    messages.success(request, "Getting started hidden. You can find it under Settings, Getting started.")
    return SeeOther("/")


@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """GET: the status of the installation; htmx refreshes the list every few seconds."""
    actor = current_actor(request)
    require(actor, Capability.SYSTEM_READ)
    context = {
        "sections": sections(actor.workspace_id),
        "looked_at": timezone.now(),
        "nav_current": "/settings",
        "menu_current": "/settings/system",
    }
    response = render(request, "config/system.html", context, part="lines")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def deployment(request: HttpRequest) -> HttpResponse:
    """GET: the settings this process runs with, read-only, secrets masked."""
    require(current_actor(request), Capability.SYSTEM_READ)
    context = {
        "settings": effective_settings(ENVIRONMENT),
        "nav_current": "/settings",
        "menu_current": "/settings/deployment",
    }
    return render_page(request, "config/deployment.html", context)
