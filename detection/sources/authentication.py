"""Finds the source of a webhook by its key, in any workspace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.tokens.credentials import digest
from core.errors import Forbidden, NotFound
from core.secrets.encryption import decrypt
from detection.models import Source, SourceSecret

_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{16,100}", re.ASCII)
TOUCH_EVERY: Final = timedelta(minutes=1)


class UnknownSource(NotFound):
    """404: no source has that key, or it is of another format."""

    code = "source_unknown"
    title = "Unknown source"


class SourceDisabled(Forbidden):
    """403: the source is disabled."""

    code = "source_off"
    title = "The source is disabled"


def find_source(key: str, kind: str) -> Source:
    """Return the enabled source with that live key and of that kind. Raises UnknownSource, SourceDisabled."""
    secret = _live_key(key) if _SHAPE.fullmatch(key) else None
    if secret is None or secret.source.kind != kind:
        raise UnknownSource("No source has this key. Nothing was stored; copy the address from its page.")
    if not secret.source.enabled:
        raise SourceDisabled("This source is disabled. Nothing was stored.")
    _touch(secret)
    return secret.source


def signing_secrets(source: Source) -> Sequence[str]:
    """Return the live signing secrets, newest first; none: requests need no signature."""
    rows = SourceSecret.objects.of(source.workspace_id).filter(
        source=source, purpose=SourceSecret.Purpose.SIGNING, revoked_at=None
    )
    return [decrypt(sealed) for sealed in rows.order_by("-id").values_list("sealed", flat=True)]


def _live_key(key: str) -> SourceSecret | None:
    rows = SourceSecret.across_workspaces.select_related("source")
    found: SourceSecret | None = rows.filter(
        digest=digest(key), purpose=SourceSecret.Purpose.KEY, revoked_at=None
    ).first()
    return found


def _touch(secret: SourceSecret) -> None:
    now = timezone.now()
    if secret.last_used_at is None or secret.last_used_at < now - TOUCH_EVERY:
        SourceSecret.objects.of(secret.workspace_id).filter(pk=secret.pk).update(last_used_at=now)
