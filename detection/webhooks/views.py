"""The addresses that senders know by heart: those of PagerDuty's Events API and Opsgenie's Alert API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import FieldFault, Invalid, Problem
from detection.services.ingest import told_plainly
from detection.source_auth import find_source
from detection.source_selectors import outcome_of
from detection.webhooks.door import Asked, format_named, refusal, take
from detection.webhooks.format import Outcome
from detection.webhooks.formats.opsgenie import status_of
from detection.webhooks.formats.pagerduty import CHANGE_PATH
from detection.webhooks.http import asked_of, response_of
from detection.webhooks.request import WebhookRequest
from detection.webhooks.unpacking import unpacked
from detection.webhooks.values import line, require_object

GENIE: Final = "geniekey "


@csrf_exempt
@require_POST
def enqueue(request: HttpRequest) -> HttpResponse:
    """PagerDuty's `/v2/enqueue`: an alert event whose `routing_key` is a source's key."""
    return _pagerduty(request, "enqueue")


@csrf_exempt
@require_POST
def enqueue_change(request: HttpRequest) -> HttpResponse:
    """PagerDuty's `/v2/change/enqueue`: a change event whose `routing_key` is a source's key."""
    return _pagerduty(request, CHANGE_PATH)


@csrf_exempt
@require_POST
def create_alert(request: HttpRequest) -> HttpResponse:
    """Opsgenie's `/v2/alerts`."""
    return _opsgenie(request, "")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def act_on_alert(request: HttpRequest, identifier: str, action: str) -> HttpResponse:
    """Opsgenie's `/v2/alerts/<alias>/acknowledge` and `/close`; `identifierType` may be given, or not.

    GET of `/v2/alerts/requests/<request id>`: what became of that request.
    """
    if request.method == "GET":
        return _opsgenie_status(request, action if identifier == "requests" else "")
    return _opsgenie(request, f"{identifier}/{action}")


def _pagerduty(request: HttpRequest, path: str) -> HttpResponse:
    form, asked = format_named("pagerduty"), asked_of(request, path)
    try:
        key = _routing_key(asked, form.max_body)
    except Problem as problem:
        return response_of(refusal(form, problem), request)
    reply = take(form, key, asked)
    # PagerDuty knows no 404: a key it does not know makes an event invalid.
    return response_of(replace(reply, status=400) if reply.status == 404 else reply, request)


def _routing_key(asked: Asked, limit: int) -> str:
    """The key in the body. Raises Malformed, TooLarge, Invalid."""
    body = unpacked(asked.raw, asked.headers, limit) if len(asked.raw) <= limit else asked.raw
    request = WebhookRequest(asked.method, asked.headers, asked.raw, body, asked.at)
    key = line(require_object(request.document()).get("routing_key"))
    if not key:
        fault = FieldFault("routing_key", "required", "'routing_key' is missing or blank")
        raise Invalid("The event names no routing_key.", faults=[fault])
    return key


def _opsgenie(request: HttpRequest, path: str) -> HttpResponse:
    asked = asked_of(request, path)
    return response_of(take(format_named("opsgenie"), _genie_key(request), asked), request)


def _opsgenie_status(request: HttpRequest, request_id: str) -> HttpResponse:
    form = format_named("opsgenie")
    try:
        with told_plainly():
            source = find_source(_genie_key(request), form.name)
            found = outcome_of(source, request_id)
    except Problem as problem:
        return response_of(refusal(form, problem), request)
    outcome = Outcome(found.action, found.key, found.succeeded, found.words)
    reply = status_of(found.request_id, outcome, found.processed_at, str(source.pk))
    return response_of(reply, request)


def _genie_key(request: HttpRequest) -> str:
    sent = request.headers.get("Authorization", "")
    return sent[len(GENIE) :].strip() if sent.lower().startswith(GENIE) else ""
