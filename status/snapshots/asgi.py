"""Serves public status pages from memory, in front of Django: no SQL, no session, also without a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from core.http.client_ip import is_encrypted
from status.snapshots.disk import PageCopy
from status.snapshots.rendering import Form
from status.snapshots.responses import PREFIX, headers_of, parts_of
from status.snapshots.store import SnapshotStore, store

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]
MAX_WAIT_S: Final = 1.0  # to wait for the database; then serve from memory or disk
_thread: Final = ThreadPoolExecutor(1, thread_name_prefix="status-pages")


async def served(scope: Scope, send: Channel) -> bool:
    """Respond to a GET of a public page. Returns False to pass the request to Django."""
    path, method = scope.get("path", ""), scope.get("method", "")
    if not path.startswith(PREFIX) or method not in ("GET", "HEAD") or (named := parts_of(path)) is None:
        return False
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if not _is_allowed(scope, headers):
        return False
    copy = await _copy(store(), named[0])
    form = copy.forms.get(named[1]) if copy is not None and copy.is_public else None
    if form is None:
        return False
    await _respond(form, headers, method, send)
    return True


def _is_allowed(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether host and scheme are allowed; Django refuses others."""
    remote = str((scope.get("client") or ("",))[0])
    if settings.SECURE_SSL_REDIRECT and not is_encrypted(
        scope["scheme"], remote, headers.get("x-forwarded-proto", "")
    ):
        return False
    return validate_host(split_domain_port(headers.get("host", ""))[0], settings.ALLOWED_HOSTS)


async def _copy(pages: SnapshotStore, slug: str) -> PageCopy | None:
    pages.fill()
    if pages.is_stale():
        if pages.look is None or pages.look.done():
            pages.look = asyncio.create_task(_look(pages))
        await asyncio.shield(pages.look)
    return pages.get(slug)


async def _look(pages: SnapshotStore) -> None:
    """Refresh the store for all requests that wait: from the database, or from disk if that takes long."""
    if pages.refreshing is None or pages.refreshing.done():
        pages.refreshing = _thread.submit(pages.refresh_and_close)
        await asyncio.wait([asyncio.wrap_future(pages.refreshing)], timeout=MAX_WAIT_S)
    if not pages.refreshing.done():
        await asyncio.to_thread(pages.load_newer)


async def _respond(form: Form, headers: dict[str, str], method: str, send: Channel) -> None:
    status, given, body = headers_of(
        form,
        is_public=True,
        accepts_gzip="gzip" in headers.get("accept-encoding", ""),
        if_none_match=headers.get("if-none-match", ""),
    )
    raw = [(name.lower().encode(), value.encode()) for name, value in given]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
