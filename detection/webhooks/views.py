"""Views of the paths that formats name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from core.errors import Forbidden, Problem
from detection.heartbeats.selectors import heartbeat_named
from detection.heartbeats.services.beating import take_beat
from detection.ingest.limits import charge
from detection.ingest.services.accept_events import as_problem
from detection.sources.authentication import find_source
from detection.sources.selectors import alert_row, outcome_of
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.alerts.alert_text import bounded_key
from detection.webhooks.format import Outcome
from detection.webhooks.http.django_requests import incoming_request, response_of
from detection.webhooks.parsed import Reply
from detection.webhooks.receive import IncomingRequest, NoHandshake, receive_webhook, refusal
from detection.webhooks.services.receiving import source_actor


@dataclass(frozen=True, slots=True)
class AddressView:
    """The view of one address: POST takes a request, GET, where it is known, tells what became of one."""

    form: AddressedFormat
    address: Address
    csrf_exempt: ClassVar[bool] = True

    def __call__(self, request: HttpRequest, **parts: str) -> HttpResponse:
        form, address = self.form, self.address
        asked = incoming_request(request, address.path.format(**parts))
        methods = (*address.methods, *(("GET",) if address.asks else ()))
        if request.method not in methods:
            refused = NoHandshake(
                "Nothing was stored: this URL does not accept that method.",
                headers={"Allow": ", ".join(methods)},
            )
            return response_of(refusal(form, refused), request)
        if name := form.heartbeat_in(asked.path):
            return response_of(_beat(form, asked, name), request)
        reply = _status(form, asked) if request.method == "GET" else form.told(_taken(form, asked))
        return response_of(reply, request)


def _taken(form: AddressedFormat, asked: IncomingRequest) -> Reply:
    try:
        key = form.source_key(asked.unread())
    except Problem as problem:
        return refusal(form, problem)
    return receive_webhook(form, key, asked)


def _beat(form: AddressedFormat, asked: IncomingRequest, name: str) -> Reply:
    """A ping takes a beat; a plain GET returns the monitor's state; anything else is refused."""
    is_ping = asked.path.endswith("/ping")
    try:
        with as_problem():
            source = find_source(form.source_key(asked.unread()), form.name)
            if not is_ping and asked.method != "GET":
                raise Forbidden(
                    "A source's key only sends beats. Nothing was changed; create, pause, resume and delete "
                    "heartbeats under Heartbeats in Tocsin."
                )
            found = heartbeat_named(source.workspace_id, name)
            charge(source_actor(source, asked.request_id), 1)
            if is_ping:
                found = take_beat(source.workspace_id, found.pk, now=asked.at)
                return form.beat(found.name, "")
            return form.beat(found.name, found.status)
    except Problem as problem:
        return refusal(form, problem)


def _status(form: AddressedFormat, asked: IncomingRequest) -> Reply:
    try:
        with as_problem():
            source = find_source(form.source_key(asked.unread()), form.name)
            if key := form.asked_alert(asked.path):
                return form.alert(alert_row(source, bounded_key(key)))
            found = outcome_of(source, form.asked_about(asked.path))
            outcome = Outcome(found.action, found.key, found.succeeded, found.words)
            return form.status(found.request_id, outcome, found.processed_at, str(source.pk))
    except Problem as problem:
        return refusal(form, problem)
