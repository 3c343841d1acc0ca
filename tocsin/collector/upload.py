"""Uploads a bundle: announce, send, complete. Each step may be repeated."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tocsin.collector.reading import metadata_of
from tocsin.version import VERSION

TRIES = 4
TIMEOUT_S = 60.0
_AGAIN = (400, 403, 409)  # from the storage, or for a completion before the file is there: a new ticket helps


class UploadError(Exception):
    """An upload that failed. `is_unreachable`: no server refused it."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.is_unreachable = status == 0 or status >= 500 or status == 429


def is_readable_by_others(url: str) -> bool:
    """Return whether data sent to this URL crosses a network unencrypted."""
    address = urllib.parse.urlsplit(url)
    return address.scheme != "https" and not _is_loopback(address.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def upload(path: str, url: str, token: str, *, incident: str = "") -> Any:
    """Upload a bundle. Returns `{id, incident, url}`, also for one that is already there.

    If the server uses https, the file is never sent to a storage without it.
    """
    api = _Api(url, token)
    announced = _announcement(path, incident)
    for number in range(TRIES):
        ticket: Any = None
        try:
            response = api.json("POST", "/bundles", announced)
            ticket = response.get("ticket")
            if ticket is None:  # it is already there
                return response
            send_file(path, ticket, url)
            return _completed(api, response["id"])
        except UploadError as error:
            if number == TRIES - 1 or not (error.is_unreachable or (ticket and error.status in _AGAIN)):
                raise
            if ticket and error.status == 0:  # the storage may be unreachable from here; the server is not
                announced["direct"] = False
            time.sleep(0.3 * 2**number)
    raise UploadError("the upload did not succeed")


def _announcement(path: str, incident: str) -> Any:
    metadata = metadata_of(path)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for data in iter(lambda: file.read(1 << 20), b""):
            digest.update(data)
    return {
        "bundle_id": metadata["bundle_id"], "file_name": os.path.basename(path),
        "size": os.path.getsize(path),
        "sha256": digest.hexdigest(), "summary": metadata.get("summary", "")[:300],
        "incident": incident or metadata.get("incident", ""), "metadata": metadata,
    }  # fmt: skip


def _completed(api: _Api, bundle_id: str) -> Any:
    for number in range(TRIES):
        try:
            return api.json("POST", f"/bundles/{bundle_id}/complete", {})
        except UploadError as error:
            if number == TRIES - 1 or not error.is_unreachable:
                raise
            time.sleep(0.3 * 2**number)
    return {}


def send_file(path: str, ticket: Any, server: str) -> None:
    """Send exactly what the ticket says. 412: it is already there."""
    target_url = urllib.parse.urljoin(server + "/", ticket["url"])
    if is_readable_by_others(target_url) and not is_readable_by_others(server):
        raise UploadError("the storage is not encrypted")
    address = urllib.parse.urlsplit(target_url)
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_S)
    target = address.path + (f"?{address.query}" if address.query else "")
    try:
        with open(path, "rb") as file:
            connection.request(ticket["method"], target, body=file, headers=dict(ticket["headers"]))
            response = connection.getresponse()
            text = response.read(2_000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise UploadError(f"the upload was cut: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if response.status >= 300 and response.status != 412:
        raise UploadError(f"the storage returned {response.status}: {_message(text)}", response.status)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Treats redirects as errors: the token must be sent to the configured server only."""

    def redirect_request(self, *_: Any) -> None:
        """Return None: do not follow it."""


_opener = urllib.request.build_opener(_NoRedirects)


class _Api:
    """API calls with the standard library only."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token

    def json(self, method: str, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json", "User-Agent": f"tocsin/{VERSION}"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(
            f"{self._url}/api/v1{path}", json.dumps(body).encode(), headers, method=method
        )
        try:
            with _opener.open(request, timeout=TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(20_000).decode("utf-8", "replace")
            raise UploadError(_message(text) or f"HTTP {error.code}", error.code) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UploadError(f"{self._url} cannot be reached: {reason}") from error


def _message(text: str) -> str:
    try:
        problem = json.loads(text)
    except ValueError:
        return " ".join(text.split())[:200]
    faults = [f"{e.get('field', '')}: {e.get('message', '')}" for e in problem.get("errors") or []]
    return "; ".join([str(problem.get("detail") or problem.get("title") or ""), *faults])
