"""Settings page of Slack."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from warroom.connection.checking import check_slack, send_test
from warroom.connection.forms import LinkForm, SlackForm
from warroom.connection.manifest import manifest
from warroom.connection.models import SlackTeam
from warroom.connection.selectors import slack_people, slack_team, slack_teams
from warroom.connection.services.linking import link_member, link_myself, linked_in, unlink_member
from warroom.connection.services.settings import disconnect, make_default, put_slack

PAGE: Final = "/settings/slack"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD", "POST"])
def slack(request: HttpRequest) -> HttpResponse:
    """GET: a connection; `?team=new`: a new one. POST: save it; 303, or 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    team = _chosen(request, actor)
    if request.method != "POST":
        return _page(request, actor, SlackForm(team=team), team)
    form = SlackForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, form, team, status=422)
    try:
        is_new = _team_param(request) == "new"
        saved = put_slack(actor, values=form.values(), team_id=team.pk if team else None, is_new=is_new)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, actor, form, team, status=422)
    messages.success(request, "Slack settings saved. Check the connection now.")
    return _back(saved)


def _acts(request: HttpRequest, act: Callable[[Actor, int], str]) -> HttpResponse:
    """Apply an action to the chosen connection; 303 with the result as a message."""
    actor = current_actor(request)
    team = slack_team(actor, _team_id(request))
    try:
        messages.success(request, act(actor, team.pk).strip())
    except (Conflict, Invalid, NotFound) as refusal:
        messages.error(request, refusal.detail)
    return _back(team)


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """POST: check the token with Slack; 303 with the result."""

    def ask(actor: Actor, team_id: int) -> str:
        team = check_slack(actor, team_id=team_id)
        return f"Connected to {team.name}. {team.reason}"

    return _acts(request, ask)


@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """POST: post a message in the announcement channel; 303 with the result."""

    def send(actor: Actor, team_id: int) -> str:
        return f"Test message sent to {send_test(actor, team_id=team_id).announce_channel}."

    return _acts(request, send)


@require_POST
def default(request: HttpRequest) -> HttpResponse:
    """POST: open the rooms of new incidents in this team; 303."""

    def choose(actor: Actor, team_id: int) -> str:
        return f"New rooms are opened in {make_default(actor, team_id=team_id).name}."

    return _acts(request, choose)


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """POST: delete the secrets; 303."""

    def forget(actor: Actor, team_id: int) -> str:
        disconnect(actor, team_id=team_id)
        return "Slack disconnected."

    return _acts(request, forget)


@require_POST
def link(request: HttpRequest) -> HttpResponse:
    """POST: link a member to a Slack id; 303, or 422 with errors."""
    actor = current_actor(request)
    team = slack_team(actor, _team_id(request))
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            link_member(actor, team_id=team.pk, **form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
    if not form.is_valid():
        return _page(request, actor, SlackForm(team=team), team, link_form=form, status=422)
    messages.success(request, "Member linked.")
    return _back(team)


@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: remove a link; 303."""
    unlink_member(current_actor(request), link_id=pk)
    messages.success(request, "Link removed.")
    return SeeOther(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def link_me(request: HttpRequest) -> HttpResponse:
    """GET: confirm that the Slack account of a link is yours. POST: link it; 303."""
    actor = current_actor(request)
    token = (request.POST if request.method == "POST" else request.GET).get("token", "")
    team, account = linked_in(actor, token)
    if request.method != "POST":
        context = {"team": team, "account": account, "token": token, "label": actor.label}
        return render(request, "warroom/link.html", context)
    link_myself(actor, token=token)
    messages.success(request, f"Your Slack account in {team.name} is linked.")
    return SeeOther("/")


def _team_param(request: HttpRequest) -> str:
    return request.POST.get("team", "") or request.GET.get("team", "")


def _team_id(request: HttpRequest) -> int | None:
    word = _team_param(request)
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None


def _chosen(request: HttpRequest, actor: Actor) -> SlackTeam | None:
    """The connection named by the request, else the default one; None for a new one. Raises NotFound."""
    wanted = _team_id(request)
    if _team_param(request) == "new" or (wanted is None and not slack_teams(actor)):
        return None
    return slack_team(actor, wanted)


def _back(team: SlackTeam) -> HttpResponse:
    return SeeOther(PAGE if team.is_default else f"{PAGE}?team={team.pk}")


def _page(
    request: HttpRequest,
    actor: Actor,
    form: BaseForm,
    team: SlackTeam | None,
    *,
    link_form: BaseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = HERE | {
        "form": styled(form),
        "link_form": styled(link_form or LinkForm()),
        "team": team,
        "teams": slack_teams(actor),
        "people": slack_people(actor, team) if team else [],
        "manifest": json.dumps(manifest(settings.BASE_URL), indent=2),
        "socket_manifest": json.dumps(manifest(settings.BASE_URL, is_socket=True), indent=2),
    }
    return render(request, "warroom/slack.html", context, status=status)
