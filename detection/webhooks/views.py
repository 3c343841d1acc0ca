"""Views of the fixed paths of formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from core.errors import Forbidden, Problem
from detection.heartbeats.selectors import heartbeat_named
from detection.heartbeats.services.beating import record_beat
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
    """View of one path: POST receives a request, GET, if supported, returns the result of one."""

    form: AddressedFormat
    address: Address
    csrf_exempt: ClassVar[bool] = True

    def __call__(self, request: HttpRequest, **parts: str) -> HttpResponse:
        form, address = self.form, self.address
        incoming = incoming_request(request, address.path.format(**parts))
        methods = (*address.methods, *(("GET",) if address.is_query else ()))
        if request.method not in methods:
            refused = NoHandshake(
                "Nothing was stored: this URL does not accept that method.",
                headers={"Allow": ", ".join(methods)},
            )
            return response_of(refusal(form, refused), request)
        if name := form.heartbeat_in(incoming.path):
            return response_of(_beat(form, incoming, name), request)
        reply = _status(form, incoming) if request.method == "GET" else form.adapted(_taken(form, incoming))
        return response_of(reply, request)


def _taken(form: AddressedFormat, incoming: IncomingRequest) -> Reply:
    try:
        key = form.source_key(incoming.unread())
    except Problem as problem:
        return refusal(form, problem)
    return receive_webhook(form, key, incoming)


def _beat(form: AddressedFormat, incoming: IncomingRequest, name: str) -> Reply:
    """Record a beat for a ping; return the monitor's state for a plain GET; refuse anything else."""
    is_ping = incoming.path.endswith("/ping")
    try:
        with as_problem():
            source = find_source(form.source_key(incoming.unread()), form.name)
            if not is_ping and incoming.method != "GET":
                raise Forbidden(
                    "A source's key only sends beats. Nothing was changed; create, pause, resume and delete "
                    "heartbeats under Heartbeats in Tocsin."
                )
            found = heartbeat_named(source.workspace_id, name)
            charge(source_actor(source, incoming.request_id), 1)
            if is_ping:
                found = record_beat(source.workspace_id, found.pk, now=incoming.at)
                return form.beat(found.name, "")
            return form.beat(found.name, found.status)
    except Problem as problem:
        return refusal(form, problem)


def _status(form: AddressedFormat, incoming: IncomingRequest) -> Reply:
    try:
        with as_problem():
            source = find_source(form.source_key(incoming.unread()), form.name)
            if key := form.queried_alert(incoming.path):
                return form.alert(alert_row(source, bounded_key(key)))
            found = outcome_of(source, form.requested_id(incoming.path))
            outcome = Outcome(found.action, found.key, found.succeeded, found.words)
            return form.status(found.request_id, outcome, found.processed_at, str(source.pk))
    except Problem as problem:
        return refusal(form, problem)
