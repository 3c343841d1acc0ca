"""Bulk action views: run, result, undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.selectors import member_named, username_of
from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import SeeOther, done, render, wants_fragment
from incidents.bulk.models import BulkAction, BulkKind, BulkStep, Outcome
from incidents.bulk.picks import picks_in
from incidents.bulk.selectors import action_of, may_undo, steps_of
from incidents.bulk.services.actions import act_on_many
from incidents.bulk.services.undo import undo_action

# A row's own buttons carry the incident themselves: <button form="one" name="acknowledge" value="42:7">.
ROW_BUTTONS: Final = {
    "acknowledge": BulkKind.ACKNOWLEDGE,
    "mine": BulkKind.ASSIGN,
    "resolve": BulkKind.RESOLVE,
}


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Run it. If all succeeded: 303 back, or for htmx 204 with a toast; else the outcome of each incident."""
    actor, form = current_actor(request), request.POST
    name = next((name for name in ROW_BUTTONS if name in form), "pick")
    kind = ROW_BUTTONS[name].value if name in ROW_BUTTONS else form.get("do", "")
    is_mine = name == "mine" or kind == "mine"
    action = act_on_many(
        actor,
        kind=BulkKind.ASSIGN.value if is_mine else kind,
        picks=picks_in(form, name),
        username=(username_of(actor) or "") if is_mine else form.get("username", ""),
        message=form.get("message", ""),
    )
    steps = steps_of(current_actor(request), action)
    if any(step.outcome == Outcome.REFUSED for step in steps):
        return _result(request, action, steps)
    undo = f"/incidents/bulk/{action.pk}/undo" if any(s.outcome == Outcome.DONE for s in steps) else ""
    message = _summary(actor, action, steps)
    return done(request, message, url=_back(request), topics=_topics(steps), undo=undo)


@require_safe
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /incidents/bulk/7: the outcome for each incident, and a button to undo."""
    actor = current_actor(request)
    action = action_of(actor, pk)
    return _page(request, action, steps_of(actor, action))


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo it; incidents changed since are skipped and listed."""
    action = undo_action(current_actor(request), action_id=pk)
    steps = [step for step in steps_of(current_actor(request), action) if step.undo]
    if any(step.undo == Outcome.REFUSED for step in steps):
        return _result(request, action, steps)
    return done(request, f"Undone: {_these(steps)}.", url=_back(request), topics=_topics(steps))


def _result(request: HttpRequest, action: BulkAction, steps: Sequence[BulkStep]) -> HttpResponse:
    if not wants_fragment(request):
        return SeeOther(f"/incidents/bulk/{action.pk}")
    response = _page(request, action, steps)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response


def _page(request: HttpRequest, action: BulkAction, steps: Sequence[BulkStep]) -> HttpResponse:
    context: dict[str, Any] = {
        "action": action,
        "steps": sorted(steps, key=_needs_a_look, reverse=True),
        "changed": sum(step.outcome == Outcome.DONE for step in steps),
        "refused": sum(step.outcome == Outcome.REFUSED for step in steps),
        "may_undo": may_undo(action) and any(step.outcome == Outcome.DONE for step in steps),
        "nav_current": "/incidents",
    }
    return render(request, "incidents/bulk/result.html", context, part="result")


def _needs_a_look(step: BulkStep) -> bool:
    return Outcome.REFUSED in (step.outcome, step.undo)


def _summary(actor: Actor, action: BulkAction, steps: Sequence[BulkStep]) -> str:
    changed = [step for step in steps if step.outcome == Outcome.DONE]
    if not changed:
        if action.kind == BulkKind.ASSIGN:
            return f"Nothing changed: the commander of {_these(steps)} is the same as before."
        return f"Nothing changed: {_these(steps)} already in this state."
    if action.kind == BulkKind.ACKNOWLEDGE:
        return f"{_these(changed)} acknowledged"
    if action.kind == BulkKind.RESOLVE:
        return f"{_these(changed)} resolved"
    member = member_named(actor, action.options["username"]) if action.options["username"] else None
    if not action.options["username"]:
        return f"Commander of {_these(changed)} unassigned"
    if member and member.user_id == actor.user_id:
        return f"You are now commander of {_these(changed)}"
    return (
        f"{member.user.label if member else action.options['username']} is now commander of {_these(changed)}"
    )


def _these(steps: Sequence[BulkStep]) -> str:
    return f"INC-{steps[0].number}" if len(steps) == 1 else f"{len(steps)} incidents"


def _topics(steps: Sequence[BulkStep]) -> list[str]:
    return ["incidents", *(f"incident:{step.number}" for step in steps)]


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if back and is_ours else "/incidents"
