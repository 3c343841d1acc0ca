"""Stores requests that could not be parsed, for a replay after the mapping is fixed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from core.errors import Problem
from core.redaction import redact_value
from detection.ingest.parsing import Fault
from detection.models import QuarantinedRequest, Source
from detection.webhooks.format import webhook_formats
from detection.webhooks.http.request import WebhookRequest

MAX_WAITING: Final = 1000
MAX_FAULTS: Final = 100
STORED_HEADERS: Final = frozenset(
    ["content-type", "content-encoding", "content-length", "user-agent", "date", "x-request-id"]
)
COMMON_PREFIX: Final = "x-event"


def quarantine(
    workspace_id: int,
    *,
    source: Source,
    request: WebhookRequest,
    problem: Problem,
    faults: Sequence[Fault] = (),
) -> bool:
    """Store a request; returns False if 1,000 of the source are waiting. A repeated body is only counted.

    Must run in the caller's transaction.
    """
    waiting = QuarantinedRequest.objects.of(workspace_id).filter(source=source, replayed_at=None)
    digest = _digest(request)
    again = waiting.filter(digest=digest).update(
        times=F("times") + 1, last_received_at=request.received_at, expires_at=_expiry(request.received_at)
    )
    if again:
        return True
    if waiting.count() >= MAX_WAITING:
        return False
    row = _row(source, request, digest, problem, faults)
    QuarantinedRequest.objects.bulk_create([row], ignore_conflicts=True)
    return True


def _row(
    source: Source, request: WebhookRequest, digest: str, problem: Problem, faults: Sequence[Fault]
) -> QuarantinedRequest:
    named: list[Mapping[str, Any]] = [fault._asdict() for fault in faults[:MAX_FAULTS]] or [
        {"position": 0, "field": fault.field, "rule": fault.rule, "message": fault.message}
        for fault in problem.faults[:MAX_FAULTS]
    ]
    return QuarantinedRequest(
        workspace_id=source.workspace_id,
        source=source,
        reason=problem.code,
        detail=problem.detail.replace("\0", ""),
        faults=named,
        method=request.method,
        path=request.path.replace("\0", ""),
        query=redact_value(_plain(request.query)),
        headers=_stored_headers(source, request.headers),
        body=b"" if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else request.raw,
        digest=digest,
        received_at=request.received_at,
        last_received_at=request.received_at,
        expires_at=_expiry(request.received_at),
    )


def _stored_headers(source: Source, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers needed to parse the body; none that may contain a credential."""
    prefixes = (COMMON_PREFIX, *webhook_formats().get(source.kind).stored_headers)
    wanted = {k: v for k, v in headers.items() if k in STORED_HEADERS or k.startswith(prefixes)}
    redacted: dict[str, str] = redact_value(_plain(wanted))
    return redacted


def _plain(values: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("\0", "")[:200]: value.replace("\0", "")[:2000] for name, value in values.items()}


def _digest(request: WebhookRequest) -> str:
    head = f"{request.method}\n{request.path}\n{request.content_type}\n".encode()
    return hashlib.sha256(head + request.raw).hexdigest()


def _expiry(received_at: datetime) -> datetime:
    return max(received_at, timezone.now()) + timedelta(days=settings.QUARANTINE_DAYS)
