"""Responses of the event endpoint. Pure."""

from __future__ import annotations

from typing import Any, Final

import orjson

from core.errors import Problem
from core.http.machine_addresses import masked
from core.http.security_headers import RAW, request_id_from
from detection.ingest.parsing import Batch

RawResponse = tuple[int, list[tuple[bytes, bytes]], bytes]

_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", b"application/problem+json")


def receipt(batch: Batch, repeated: int) -> dict[str, Any]:
    """Return counts and faults of a batch; for a single event also its event_id."""
    body: dict[str, Any] = {
        "accepted": len(batch.events) - repeated,
        "duplicates": repeated,
        "refused": len(batch.faults),
        "errors": [fault._asdict() for fault in batch.faults],
    }
    if batch.single and batch.events:
        body["event_id"] = batch.events[0].event_id
    return body


def status_of(batch: Batch) -> int:
    """Return 202 when anything was stored (now or before), 422 when every element was refused."""
    return 202 if batch.events else 422


def accepted(batch: Batch, repeated: int) -> RawResponse:
    """Return the response to a parsed batch."""
    body = orjson.dumps(receipt(batch, repeated))
    return status_of(batch), [_JSON, (b"content-length", b"%d" % len(body)), *RAW], body


def refused(problem: Problem, path: str, request_id: str = "") -> RawResponse:
    """Return the response to a request refused as a whole. request_id: the sender's, else a new one."""
    named = request_id_from(request_id)
    body = orjson.dumps(problem.as_json() | {"instance": masked(path), "request_id": named})
    headers = {"X-Request-ID": named, **problem.headers}
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return problem.status, [_PROBLEM, (b"content-length", b"%d" % len(body)), *RAW, *extra], body
