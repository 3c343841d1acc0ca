"""The addresses that senders know by heart, as their formats name them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.errors import Problem
from detection.ingest.services.accept_events import as_problem
from detection.sources.authentication import find_source
from detection.sources.selectors import outcome_of
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.format import Outcome
from detection.webhooks.http.django_requests import incoming_request, response_of
from detection.webhooks.parsed import Reply
from detection.webhooks.receive import IncomingRequest, receive_webhook, refusal


def view_of(form: AddressedFormat, address: Address) -> Callable[..., HttpResponse]:
    """The view of one address: POST takes a request, GET, where it is known, tells what became of one."""

    @csrf_exempt
    @require_http_methods(["GET", "POST"] if address.asks else ["POST"])
    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        asked = incoming_request(request, address.path.format(**parts))
        reply = _status(form, asked) if request.method == "GET" else form.told(_taken(form, asked))
        return response_of(reply, request)

    return view


def _taken(form: AddressedFormat, asked: IncomingRequest) -> Reply:
    try:
        key = form.source_key(asked.unread())
    except Problem as problem:
        return refusal(form, problem)
    return receive_webhook(form, key, asked)


def _status(form: AddressedFormat, asked: IncomingRequest) -> Reply:
    try:
        with as_problem():
            source = find_source(form.source_key(asked.unread()), form.name)
            found = outcome_of(source, form.asked_about(asked.path))
            outcome = Outcome(found.action, found.key, found.succeeded, found.words)
            return form.status(found.request_id, outcome, found.processed_at, str(source.pk))
    except Problem as problem:
        return refusal(form, problem)
