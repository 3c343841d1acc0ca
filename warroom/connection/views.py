"""The settings page of Slack."""

from __future__ import annotations

import json
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid, NotFound
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from warroom.connection.checking import check_slack
from warroom.connection.forms import LinkForm, SlackForm
from warroom.connection.manifest import manifest
from warroom.connection.selectors import slack_people, slack_team
from warroom.connection.services.linking import link_member, unlink_member
from warroom.connection.services.settings import disconnect, put_slack

PAGE: Final = "/settings/slack"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD", "POST"])
def slack(request: HttpRequest) -> HttpResponse:
    """GET: the connection. POST: store it; 303, or 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    if request.method != "POST":
        return _page(request, actor, SlackForm(team=slack_team(actor)))
    form = SlackForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, form, status=422)
    try:
        put_slack(actor, values=form.values())
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, actor, form, status=422)
    messages.success(request, "Slack settings saved. Check the connection now.")
    return SeeOther(PAGE)


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """POST: ask Slack about the token; 303 with what it said."""
    actor = current_actor(request)
    try:
        team = check_slack(actor)
    except (Conflict, Invalid, NotFound) as refusal:
        messages.error(request, refusal.detail)
        return SeeOther(PAGE)
    messages.success(request, f"Connected to {team.name}. {team.reason}".strip())
    return SeeOther(PAGE)


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """POST: forget the secrets; 303."""
    disconnect(current_actor(request))
    messages.success(request, "Slack disconnected.")
    return SeeOther(PAGE)


@require_POST
def link(request: HttpRequest) -> HttpResponse:
    """POST: link a member to a Slack id; 303, or 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            link_member(actor, **form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
    if not form.is_valid():
        return _page(request, actor, SlackForm(team=slack_team(actor)), link_form=form, status=422)
    messages.success(request, "Member linked.")
    return SeeOther(PAGE)


@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: remove a link; 303."""
    unlink_member(current_actor(request), link_id=pk)
    messages.success(request, "Link removed.")
    return SeeOther(PAGE)


def _page(
    request: HttpRequest,
    actor: Actor,
    form: BaseForm,
    *,
    link_form: BaseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = HERE | {
        "form": styled(form),
        "link_form": styled(link_form or LinkForm()),
        "team": slack_team(actor),
        "people": slack_people(actor),
        "manifest": json.dumps(manifest(settings.BASE_URL), indent=2),
    }
    return render(request, "warroom/slack.html", context, status=status)
