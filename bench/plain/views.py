"""Tocsin's own parsing, rules and statement in an ordinary Django view: a request, a statement, a commit."""

from __future__ import annotations

import functools
import itertools
from datetime import UTC, datetime

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.tokens.authentication import admit, credential, digest, find_token
from core.errors import Problem
from detection.evaluation.matching import Ruleset
from detection.ingest.parsing import parse_body
from detection.ingest.services.accept_events import retention, ruleset_of
from detection.ingest.statement import command, encode, repeats

ordinals = itertools.count()


@csrf_exempt
def take(request: HttpRequest) -> HttpResponse:
    """Return 202 with counts, or a problem; the events are committed before the response."""
    try:
        actor = _actor(credential({"authorization": request.headers.get("Authorization", "")}) or "")
        batch = parse_body(request.body, datetime.now(UTC), retention())
    except Problem as problem:
        return _response(problem.status, problem.as_json())
    encoded = encode(actor.workspace_id, batch.events, _rules(actor.workspace_id), next(ordinals))
    query, params = command([encoded])
    with connection.cursor() as cursor:
        cursor.execute(query.replace("%b", "%s"), [text.decode() for text in params])
        [repeated] = repeats([encoded], cursor.fetchall())
    return _response(
        202, {"accepted": len(batch.events) - repeated, "duplicates": repeated, "rejected": batch.faults}
    )


@functools.cache
def _actor(token: str) -> Actor:
    """Look the actor up once: a run is shorter than the minute a token may be cached."""
    actor = admit(find_token(digest(token)), now=datetime.now(UTC))
    require(actor, Capability.EVENTS_WRITE)
    return actor


@functools.cache
def _rules(workspace_id: int) -> Ruleset:
    return ruleset_of(workspace_id)


def _response(status: int, body: object) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
