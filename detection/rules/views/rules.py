"""Rule pages: list, form with live validation, actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, FieldFault, Invalid, NotFound
from core.ui.htmx import SeeOther
from detection.models import DetectionRule
from detection.rules import rule_form
from detection.rules.parsing import read_rule
from detection.rules.rule_checks import check_can_fire
from detection.rules.rule_list import findings_of
from detection.rules.rule_text import sentence
from detection.rules.services import rules as services
from detection.selectors import rule_for, rule_json

PAGE: Final = "/rules"
Typed = Mapping[str, str]


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """GET: every rule with its conditions and its recent findings."""
    actor = current_actor(request)
    require(actor, Capability.RULES_READ)
    context = {
        "may_write": allowed(actor, Capability.RULES_WRITE),
        "may_simulate": allowed(actor, Capability.INCIDENTS_WRITE),
    }
    return render(request, "detection/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: HttpRequest) -> HttpResponse:
    """GET: an empty form, with `?from=` a copy of that rule. POST: 303; 409, 422 with the input."""
    actor = current_actor(request)
    require(actor, Capability.RULES_WRITE)
    if request.method != "POST":
        return rule_page(request, None, _copied(actor, request.GET.get("from", "")))
    try:
        rule = services.create_rule(actor, fields=rule_form.sent(request.POST, is_new=True))
    except (Invalid, Conflict) as refusal:
        return rule_page(request, None, request.POST, refusal=refusal)
    messages.success(request, f"{rule.name} created and active.")
    return SeeOther(f"{PAGE}/{rule.rule_id}")


def _copied(actor: Actor, rule_id: str) -> Typed:
    if not rule_id:
        return rule_form.empty()
    rule = rule_for(actor, rule_id)
    copy = {"rule_id": f"{rule.rule_id[:75]}_copy", "name": f"{rule.name[:114]} copy"}
    return rule_form.typed_of(rule_json(rule)) | copy


@require_http_methods(["GET", "HEAD", "POST"])
def edit_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """GET: the rule, editable if permitted. POST: 303; 409, 422 with the input."""
    actor = current_actor(request)
    rule = rule_for(actor, rule_id)
    if request.method != "POST":
        return rule_page(request, rule, rule_form.typed_of(rule_json(rule)))
    require(actor, Capability.RULES_WRITE)
    fields = rule_form.sent(request.POST, is_new=False)
    try:
        services.update_rule(actor, rule_id=rule_id, fields=fields, version=_version(request))
    except (Invalid, Conflict) as refusal:
        return rule_page(request, rule_for(actor, rule_id), request.POST, refusal=refusal)
    messages.success(request, f"{rule.name} saved.")
    return SeeOther(f"{PAGE}/{rule_id}")


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def rule_page(
    request: HttpRequest,
    rule: DetectionRule | None,
    typed: Typed,
    *,
    refusal: Invalid | Conflict | None = None,
    **more: Any,
) -> HttpResponse:
    """Render the form with its faults; `more` is the context of a rule test."""
    actor = current_actor(request)
    faults = _faults(refusal)
    context = {
        "rule": rule,
        "groups": rule_form.filled(typed, faults, is_new=rule is None),
        "faults": faults,
        "conflict": isinstance(refusal, Conflict) and not faults,
        "sentence_now": sentence(rule) if rule else "",
        "sentence": _sentence(actor, typed) or (sentence(rule) if rule else ""),
        "findings": findings_of(actor, rule) if rule else [],
        "may_write": allowed(actor, Capability.RULES_WRITE),
        "version": rule.version if rule else "",
        "try_on": typed.get("try_on", "pasted"),
        "pasted": typed.get("events", ""),
        "minutes": typed.get("minutes", "60"),
    }
    return render(request, "detection/rule.html", context | more, status=refusal.status if refusal else 200)


def _faults(refusal: Invalid | Conflict | None) -> Sequence[FieldFault]:
    if isinstance(refusal, Invalid):
        return refusal.faults
    errors = refusal.extra.get("errors", []) if refusal else []
    return [FieldFault(**one) for one in errors]


def _sentence(actor: Actor, typed: Typed) -> str:
    """Return the description of the rule as entered; empty while it is invalid."""
    try:
        values = read_rule(rule_form.with_defaults(rule_form.sent(typed, is_new=True)), is_new=True)
    except Invalid:
        return ""
    return sentence(DetectionRule(workspace_id=actor.workspace_id, **values))


@require_POST
def check_rule(request: HttpRequest) -> HttpResponse:
    """POST, while someone types: the description of the rule, and the faults of the input so far."""
    actor = current_actor(request)
    require(actor, Capability.RULES_WRITE)
    typed = request.POST
    faults: Sequence[FieldFault] = ()
    try:
        check_can_fire(read_rule(rule_form.sent(typed, is_new="rule_id" in typed), is_new=False))
    except Invalid as refusal:
        faults = [fault for fault in refusal.faults if typed.get(fault.field, "").strip()]
    groups = rule_form.filled(typed, faults, is_new="rule_id" in typed)
    context = {"fields": [one for _, fields in groups for one in fields], "sentence": _sentence(actor, typed)}
    return render(request, "detection/rule_check.html", context)


Verb = Callable[[Actor, str, int | None], str]


def _enable(actor: Actor, rule_id: str, version: int | None) -> str:
    return f"{services.enable_rule(actor, rule_id=rule_id).name} enabled."


def _disable(actor: Actor, rule_id: str, version: int | None) -> str:
    return f"{services.disable_rule(actor, rule_id=rule_id).name} disabled. Its incidents stay."


def _reset(actor: Actor, rule_id: str, version: int | None) -> str:
    return f"{services.reset_rule(actor, rule_id=rule_id, version=version).name} reset to its defaults."


def _delete(actor: Actor, rule_id: str, version: int | None) -> str:
    services.delete_rule(actor, rule_id=rule_id)
    return f"The rule {rule_id} is deleted. Its incidents stay."


VERBS: Final[dict[str, Verb]] = {
    "enable": _enable, "disable": _disable, "reset": _reset, "delete": _delete,
}  # fmt: skip


@require_POST
def act_on_rule(request: HttpRequest, rule_id: str, verb: str) -> HttpResponse:
    """POST: one action on a rule; 303 to where it was pressed, 409 when someone else changed it first."""
    if verb not in VERBS:
        raise NotFound("There is no such action.")
    actor = current_actor(request)
    messages.success(request, VERBS[verb](actor, rule_id, _version(request)))
    stays = request.POST.get("stay") == "on" and verb != "delete"
    return SeeOther(f"{PAGE}/{rule_id}" if stays else PAGE)
