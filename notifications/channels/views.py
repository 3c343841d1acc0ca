"""Channel pages: list, create, edit, test, delete."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from notifications.channels.forms import ChannelForm
from notifications.channels.kind import CHANNEL_KINDS, ChannelKind
from notifications.channels.models import Channel
from notifications.channels.selectors import channel_for, channels_for
from notifications.channels.services import create_channel, delete_channel, update_channel
from notifications.channels.targets import generated_secret
from notifications.channels.testing import send_test

PAGE: Final = "/settings/channels"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """GET: all channels with their state, and the kinds to create."""
    actor = current_actor(request)
    context = {
        "channels": [(channel, CHANNEL_KINDS.get(channel.kind)) for channel in channels_for(actor)],
        "kinds": list(CHANNEL_KINDS),
        "may_write": allowed(actor, Capability.CHANNELS_WRITE),
    }
    return render(request, "notifications/channels.html", HERE | context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """GET: the form of that kind. POST: 303, or 201 with a generated secret; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.CHANNELS_WRITE)
    if kind not in CHANNEL_KINDS:
        raise NotFound("Unknown kind of channel.")
    of_kind = CHANNEL_KINDS.get(kind)
    if request.method != "POST":
        return _form(request, ChannelForm(of_kind, _others(actor)), of_kind)
    form = ChannelForm(of_kind, _others(actor), request.POST)
    if form.is_valid():
        try:
            channel = create_channel(actor, kind=kind, **form.values())
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            return _created(request, channel, generated_secret(channel, form.values()["secrets"]))
    return _form(request, form, of_kind, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, channel_id: int) -> HttpResponse:
    """GET: the form, without secrets. POST: 303; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.CHANNELS_WRITE)
    channel = channel_for(actor, channel_id)
    of_kind, others = CHANNEL_KINDS.get(channel.kind), _others(actor, channel)
    if request.method != "POST":
        initial = {
            "name": channel.name, "fallback": channel.fallback_id, "enabled": channel.is_enabled,
            "for_drills": channel.is_for_drills,
        }  # fmt: skip
        form = ChannelForm(of_kind, others, initial=initial | channel.config, is_new=False)
        return _form(request, form, of_kind, channel)
    form = ChannelForm(of_kind, others, request.POST, is_new=False)
    if form.is_valid():
        try:
            update_channel(
                actor, channel_id=channel.pk, changes_fallback=True,
                is_enabled=form.cleaned_data["enabled"], **form.values(),
            )  # fmt: skip
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, f"{form.cleaned_data['name']} saved.")
            return SeeOther(PAGE)
    return _form(request, form, of_kind, channel, status=422)


@require_POST
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """POST: send a test and show each step."""
    actor = current_actor(request)
    steps = send_test(actor, channel_id=channel_id)
    context = {"channel": channel_for(actor, channel_id), "steps": steps}
    return render(request, "notifications/channel_test.html", HERE | context)


@require_POST
def delete(request: HttpRequest, channel_id: int) -> HttpResponse:
    """POST: 303."""
    actor = current_actor(request)
    name = channel_for(actor, channel_id).name
    delete_channel(actor, channel_id=channel_id)
    messages.success(request, f"{name} deleted.")
    return SeeOther(PAGE)


def _created(request: HttpRequest, channel: Channel, secret: str) -> HttpResponse:
    """303 to the channel; 201 with a generated secret, which is shown only in this response."""
    if not secret:
        messages.success(request, f"{channel.name} created. Send a test to see that it works.")
        return SeeOther(f"{PAGE}/{channel.pk}")
    context = HERE | {"channel": channel, "secret": secret}
    response = render(request, "notifications/channel_created.html", context, status=201)
    response["Cache-Control"] = "no-store"
    return response


def _others(actor: Actor, channel: Channel | None = None) -> list[tuple[str, str]]:
    own = channel.pk if channel else None
    return [(str(other.pk), other.name) for other in channels_for(actor) if other.pk != own]


def _form(
    request: HttpRequest,
    form: ChannelForm,
    kind: ChannelKind,
    channel: Channel | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"form": styled(form), "kind": kind, "channel": channel}
    return render(request, "notifications/channel_form.html", HERE | context, status=status)
