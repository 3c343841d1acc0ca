"""Settings pages of escalation policies, and the reachability page."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from notifications.contacts.ways import sends_mail
from notifications.escalation.forms import PolicyForm
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.reachability_selectors import labels_of, reachability_of
from notifications.escalation.selectors import (
    escalation_policy_for,
    flags_of,
    names_of,
    policies_of,
    preview,
)
from notifications.escalation.services.policies import delete_policy, install_default_policies, put_policy
from notifications.escalation.state import plan_of

PAGE: Final = "/settings/escalation"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD"])
def policies(request: HttpRequest) -> HttpResponse:
    """GET: the policies with their problems."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    shown = [(one, len(one.steps.all()), flags_of(plan_of(one))) for one in policies_of(actor)]
    return render(request, "notifications/escalation/policies.html", HERE | {"policies": shown})


@require_http_methods(["GET", "HEAD", "POST"])
def new_policy(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 303 to the new policy; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    return _edit(request, actor, None)


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the form and the timetable. POST: 303; 409 if it changed meanwhile, 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    return _edit(request, actor, escalation_policy_for(actor, pk))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: delete a policy; 303."""
    delete_policy(current_actor(request), policy_id=pk)
    messages.success(request, "Escalation policy deleted.")
    return SeeOther(PAGE)


@require_POST
def install(request: HttpRequest) -> HttpResponse:
    """POST: create the default policies that are missing; 303."""
    install_default_policies(current_actor(request))
    messages.success(request, "Default policies created.")
    return SeeOther(PAGE)


def _edit(request: HttpRequest, actor: Actor, shown: EscalationPolicy | None) -> HttpResponse:
    names = names_of(actor)
    if request.method != "POST":
        return _page(request, actor, PolicyForm(names=names, policy=shown), shown)
    form = PolicyForm(request.POST, names=names)
    if not form.is_valid():
        return _page(request, actor, form, shown, status=422)
    try:
        version = form.cleaned_data["version"]
        made = put_policy(actor, values=form.values(), policy_id=shown.pk if shown else None, version=version)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, actor, form, shown, status=422)
    except Conflict as conflict:
        form.add_error(None, conflict.detail)
        return _page(request, actor, form, shown, status=409)
    messages.success(request, f"{made.name} saved.")
    return SeeOther(f"{PAGE}/{made.pk}")


def _page(
    request: HttpRequest, actor: Actor, form: PolicyForm, shown: EscalationPolicy | None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = HERE | {"form": styled(form), "policy": shown, "address": f"{PAGE}/new"}
    if shown is not None:
        flags = flags_of(plan_of(shown))
        context |= {"address": f"{PAGE}/{shown.pk}", "rows": preview(actor, shown), "flags": flags}
    return render(request, "notifications/escalation/policy.html", context, status=status)


@require_http_methods(["GET", "HEAD"])
def reachability(request: HttpRequest) -> HttpResponse:
    """GET /on-call/reachability: for 14 days, whom each policy reaches, by which method, after how long."""
    actor = current_actor(request)
    reports = reachability_of(actor, now=timezone.now())
    labels = labels_of(actor)
    shown = [
        {
            "report": one,
            "holes": [(hole.starts_at, hole.ends_at) for hole in one.holes[:20]],
            "without": sorted(labels.get(pk, "a person who left") for pk in one.without_method),
            "minutes": one.longest_delay_s // 60,
            "first": [
                (s.starts_at, s.ends_at, labels.get(s.outcome.user_id or 0, "no one"), s.outcome)
                for s in one.stretches[:20]
            ],
        }
        for one in reports
    ]
    may_edit = allowed(actor, Capability.ONCALL_WRITE)
    context = {"reports": shown, "may_edit": may_edit, "sends_mail": sends_mail()}
    return render(request, "notifications/escalation/reachability.html", context)
