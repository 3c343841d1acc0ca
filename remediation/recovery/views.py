"""Page of the response policy."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import SeeOther
from remediation.recovery.forms import PolicyForm, initial_policy
from remediation.recovery.services.policies import change_policy, policy_of

PAGE = "/remediation/policy"


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    """GET: the response policy. POST: change it, 303; 422 with errors and the input."""
    actor = current_actor(request)
    require(actor, Capability.REMEDIATION_WRITE)
    if request.method == "POST":
        form = PolicyForm(request.POST)
        if form.is_valid():
            change_policy(actor, form.cleaned_data)
            messages.success(request, "Response policy saved")
            return SeeOther(PAGE)
    else:
        form = PolicyForm(initial=initial_policy(policy_of(actor.workspace_id)))
    return render(request, "remediation/policy.html", {"form": form}, status=422 if form.errors else 200)
