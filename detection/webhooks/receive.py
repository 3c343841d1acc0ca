"""Receives webhooks of every format: authenticate, verify, limit, parse, store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.errors import NotFound, Problem, Unauthenticated
from core.queue.nudge import nudge
from detection.ingest.limits import charge
from detection.ingest.services.accept_events import as_problem
from detection.models import Source
from detection.sources.authentication import find_source, signing_secrets
from detection.sources.services.samples import keep_sample
from detection.webhooks.format import WebhookFormat, webhook_formats
from detection.webhooks.http.large_bodies import turn_of
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.unpacking import too_large, unpacked
from detection.webhooks.parsed import Reading, Reply
from detection.webhooks.services.receiving import receive, refuse, settings_of, source_actor

EVALUATE = "detection.evaluate"
PROBLEM_TYPE = "application/problem+json"
# Errors of requests that cannot be parsed; others are not quarantined.
QUARANTINED_CODES = frozenset({"malformed", "invalid", "too_large"})


class UnsupportedMedia(Problem):
    """415: a media type the format does not accept."""

    status = 415
    code = "unsupported_media_type"
    title = "Send another content type"


class BadSignature(Unauthenticated):
    """401: the source has secrets, and the signature matches none of them."""

    code = "bad_signature"
    title = "Wrong signature"


class NoHandshake(Problem):
    """405: a format without handshake."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A received HTTP request for a source. `headers` have lower-case names, `at` is aware.

    `is_cut`: its body exceeded all limits and was dropped.
    """

    method: str
    headers: Mapping[str, str]
    raw: bytes
    at: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    request_id: str = ""
    is_cut: bool = False

    def unread(self) -> WebhookRequest:
        """Return the same for a format; the body is not decompressed yet."""
        return WebhookRequest(self.method, self.headers, self.raw, b"", self.at, self.query, self.path)


def format_named(name: str) -> WebhookFormat:
    """Return the format of that name. Raises NotFound."""
    if name not in webhook_formats():
        raise NotFound(f"There is no webhook format of that name; there are {_names()}.")
    return webhook_formats().get(name)


def reply_to_handshake(form: WebhookFormat, key: str, incoming: IncomingRequest) -> Reply:
    """Return the reply to a handshake. Raises nothing."""
    try:
        find_source(key, form.name)
        request = WebhookRequest(incoming.method, incoming.headers, b"", b"", incoming.at, incoming.query)
        reply = form.handshake(request)
        if reply is None:
            raise NoHandshake("Use POST.", headers={"Allow": "POST"})
    except Problem as problem:
        return refusal(form, problem)
    return reply


def receive_webhook(form: WebhookFormat, key: str, incoming: IncomingRequest) -> Reply:
    """Store a request to a source; returns the reply its sender expects, after COMMIT. Raises nothing."""
    try:
        if incoming.method not in (*form.methods, *form.more_methods):
            allowed = ", ".join(form.methods)
            raise NoHandshake(f"Nothing was stored: send it with {allowed}.", headers={"Allow": allowed})
        with as_problem(), turn_of(len(incoming.raw)):
            return _receive_webhook(form, key, incoming)
    except Problem as problem:
        return refusal(form, problem)


def refusal(form: WebhookFormat, problem: Problem) -> Reply:
    """Return a problem as a reply in the sender's format."""
    own = form.refuse(problem)
    if own is not None:
        return replace(own, headers={**problem.headers, **own.headers})
    return Reply(problem.status, problem.as_json(), {"Content-Type": PROBLEM_TYPE, **problem.headers})


def _receive_webhook(form: WebhookFormat, key: str, incoming: IncomingRequest) -> Reply:
    source = find_source(key, form.name)
    request = incoming.unread()
    try:
        if incoming.is_cut:
            raise too_large(form.max_body)
        reading = _read(form, source, request)
        actor = source_actor(source, incoming.request_id)
        charge(actor, max(1, len(reading.events) + len(reading.alerts)))
    except Problem as problem:
        raise _quarantined(source, request, problem, incoming.request_id) from problem
    receipt = receive(actor, source=source, reading=reading, request=request)
    if form.is_mapped:
        keep_sample(source.workspace_id, source=source, request=request)
    if receipt.stored:
        nudge(EVALUATE, "detection")
    return form.reply_to(reading, receipt)


def _read(form: WebhookFormat, source: Source, request: WebhookRequest) -> Reading:
    """Parse the request.

    Raises UnsupportedMedia, UnsupportedEncoding, TooLarge, BadSignature, Malformed, Invalid.
    """
    if len(request.raw) > form.max_body:
        raise too_large(form.max_body)
    secrets = signing_secrets(source) if form.signs else ()
    settings = settings_of(source)
    if secrets and not form.verify(request, secrets, settings):
        raise BadSignature("Nothing was stored: none of the source's secrets made this signature.")
    if not form.takes(request.content_type):
        known = ", ".join(sorted(form.content_types - {""}))
        raise UnsupportedMedia(f"Nothing was stored: send it as {known}.")
    body = unpacked(request.raw, request.headers, form.max_body)
    return form.read(replace(request, body=body), settings)


def _quarantined(source: Source, request: WebhookRequest, problem: Problem, request_id: str) -> Problem:
    """Return the problem, with a note if the request is quarantined."""
    actor = source_actor(source, request_id)
    if refuse(actor, source=source, request=request, problem=problem, keep=problem.code in QUARANTINED_CODES):
        problem.extra["quarantined"] = True
        state = (
            "noted in quarantine, without its body"
            if problem.status == 413
            else "stored in quarantine for replay"
        )
        problem.detail = f"{problem.detail} The request is {state}."
    return problem


def _names() -> str:
    return ", ".join(sorted(webhook_formats().names()))
