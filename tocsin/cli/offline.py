"""Sends requests, or spools them for `tocsin sync` when the server is down."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.cli import frame
from tocsin.collector.reading import BundleError, remember_upload
from tocsin.collector.upload import UploadError, upload
from tocsin.problems import RefusedError, TocsinError, UnreachableError
from tocsin.spool import NotSendableError, Spool, Waiting, unsent_in, user_name

UNAUTHORIZED: Final = 401


def send_or_spool(op: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the server's response, or None if the request was spooled.

    A request is spooled under the key it was tried with: if the server processed it and only the response was
    lost, sending it again changes nothing.
    """
    spool = Spool()
    where = spool.resolved(path)
    key = str(uuid.uuid4())
    if not unsent_in(where):
        try:
            response: dict[str, Any] = frame.client().post(where, body, key=key)
            return response
        except UnreachableError as error:
            frame.say(f"tocsin: {error}")
    waiting = spool.add(op, path, body, user=user_name(), key=key)
    frame.say(f"Spooled as {waiting.name}. It will be sent by: tocsin sync")
    if frame.is_quiet() or frame.output_format() == "json":
        frame.put(waiting.name)
    return None


def sync() -> None:
    """Send spooled requests in order; refused ones are kept and reported."""
    spool = Spool()
    kept = 0
    with spool.syncing():
        files = spool.files()
        for path in files:
            try:
                waiting = spool.read(path)
                reference = _send(spool, waiting)
            except NotSendableError as error:
                kept += 1
                frame.say(f"{error}\nTo give this one up, remove {path}")
                continue
            spool.sent(path, waiting, reference)
            frame.put(reference if frame.is_quiet() else f"{waiting.name} sent: {reference or waiting.op}")
    if not files:
        frame.say("Nothing waits to be sent.")
    if kept:
        raise TocsinError(f"{kept} of {len(files)} were not sent and still wait.")


def _send(spool: Spool, waiting: Waiting) -> str:
    """Send one request; return its incident. Raises NotSendableError, or RefusedError if all will be."""
    try:
        return _sent(spool, waiting)
    except RefusedError as error:
        if error.status == UNAUTHORIZED:
            raise
        raise NotSendableError(
            f"{waiting.name} ({waiting.op}) was refused and still waits: {error}"
        ) from error


def _sent(spool: Spool, waiting: Waiting) -> str:
    if waiting.op == "bundle upload":
        return _upload(waiting, _sent_reference(spool, waiting, waiting.body["incident"]))
    path = _sent_reference(spool, waiting, waiting.path)
    body = {**waiting.body}
    if waiting.op == "incidents create":
        body.setdefault("started_at", waiting.made_at)
    elif path.endswith("/timeline"):
        # The text stays the same: by it and the key the server recognizes a note that it has already.
        body["occurred_at"] = waiting.made_at
    response = frame.client().post(path, body, key=waiting.request_key)
    return str(response.get("incident_id", "")) if isinstance(response, dict) else ""


def _sent_reference(spool: Spool, waiting: Waiting, text: str) -> str:
    """Return a path or reference with INC-42 for local-1. Raises NotSendableError if local-1 was not sent."""
    where = spool.resolved(text)
    if needed := unsent_in(where):
        raise NotSendableError(f"{waiting.name} ({waiting.op}) still waits: {needed} was not sent.")
    return where


def _upload(waiting: Waiting, incident: str) -> str:
    settings = frame.client().settings
    try:
        response = upload(waiting.body["file"], settings.url, settings.token, incident=incident)
    except BundleError as error:
        raise RefusedError(0, {"detail": str(error)}) from error
    except UploadError as error:
        if error.is_unreachable:
            raise UnreachableError(str(error), error.status) from error
        raise RefusedError(error.status, {"detail": str(error)}) from error
    remember_upload(waiting.body["file"], response)
    return str(response.get("incident", ""))


def waiting_since() -> str:
    """Return how many requests are spooled, and since when."""
    spool = Spool()
    files = spool.files()
    if not files:
        return ""
    first = datetime.fromtimestamp(files[0].stat().st_mtime, UTC)
    return f"{len(files)} wait to be sent, the first since {first:%Y-%m-%d %H:%M} UTC"
