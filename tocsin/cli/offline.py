"""Sends requests, or spools them for `tocsin sync` when the server is down."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.cli import frame
from tocsin.collector.reading import BundleError, remember_upload
from tocsin.collector.upload import UploadError, upload
from tocsin.problems import RefusedError, TocsinError, UnreachableError
from tocsin.spool import Spool, Waiting, user_name

_LOCAL: Final = re.compile(r"local-\d{1,8}")


def send_or_spool(op: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the server's response, or None if the request was spooled.

    A request is spooled under the key it was tried with: if the server processed it and only the response was
    lost, sending it again changes nothing.
    """
    spool = Spool()
    where = _LOCAL.sub(lambda m: spool.reference(m.group()), path)
    key = str(uuid.uuid4())
    if not _LOCAL.search(where):
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
    """Send spooled requests in order; stop at the first that is refused."""
    spool = Spool()
    with spool.syncing():
        files = spool.files()
        for number, path in enumerate(files):
            waiting = spool.read(path)
            try:
                reference = _send(spool, waiting)
            except RefusedError as error:
                raise TocsinError(
                    f"{waiting.name} ({waiting.op}) was refused: {error}\n"
                    f"{len(files) - number} still wait. To give this one up, remove {path}"
                ) from error
            spool.sent(path, waiting, reference)
            frame.put(reference if frame.is_quiet() else f"{waiting.name} sent: {reference or waiting.op}")
    if not files:
        frame.say("Nothing waits to be sent.")


def _send(spool: Spool, waiting: Waiting) -> str:
    if waiting.op == "bundle upload":
        return _upload(waiting)
    path = _LOCAL.sub(lambda m: spool.reference(m.group()), waiting.path)
    body = {**waiting.body}
    if waiting.op == "incidents create":
        body.setdefault("started_at", waiting.made_at)
    elif path.endswith("/timeline"):
        body["message"] = f"{body['message']} (written offline by {waiting.user})"
        body["occurred_at"] = waiting.made_at
    response = frame.client().post(path, body, key=waiting.request_key)
    return str(response.get("incident_id", "")) if isinstance(response, dict) else ""


def _upload(waiting: Waiting) -> str:
    settings = frame.client().settings
    try:
        response = upload(
            waiting.body["file"], settings.url, settings.token, incident=waiting.body["incident"]
        )
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
