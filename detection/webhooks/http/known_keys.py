"""Checks a webhook's key in the URL or the headers before its body is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError
from django.urls import Resolver404, resolve
from django.utils import timezone

from core.errors import Problem
from detection.ingest.threads import in_thread
from detection.sources.authentication import find_source
from detection.webhooks.format import WebhookFormat, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.views import AddressView

_ADDRESS: Final = re.compile(r"/api/v1/webhooks/([^/]+)/([^/]+)")
_SENDERS_ADDRESSES: Final = "detection.webhooks.urls"


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """The format of a request and its source's key; None if the key is in the body."""

    form: WebhookFormat
    key: str | None


def addressed_to(path: str, headers: Mapping[str, str]) -> WebhookTarget | None:
    """Return what the path names; None if it is no webhook of a known format.

    `headers` have lower-case names.
    """
    if named := _ADDRESS.fullmatch(path):
        known = webhook_formats()
        return WebhookTarget(known.get(named[1]), named[2]) if named[1] in known else None
    try:
        found = resolve(path, urlconf=_SENDERS_ADDRESSES)
    except Resolver404:
        return None
    view = found.func
    if not isinstance(view, AddressView):
        return None
    if view.form.is_key_in_body:
        return WebhookTarget(view.form, None)
    following = view.address.path.format(**found.kwargs)
    request = WebhookRequest("POST", headers, b"", b"", timezone.now(), path=following)
    return WebhookTarget(view.form, view.form.source_key(request))


async def has_unknown_key(addressed: WebhookTarget) -> bool:
    """Return whether no enabled source of this format has the key.

    False if the key is in the body, and if the database cannot be queried.
    """
    if addressed.key is None:
        return False
    try:
        return await in_thread(_is_unknown, addressed.key, addressed.form.name)
    except TimeoutError:
        return False


def _is_unknown(key: str, kind: str) -> bool:
    try:
        find_source(key, kind)
    except Problem:
        return True
    except DatabaseError:
        return False
    return False
