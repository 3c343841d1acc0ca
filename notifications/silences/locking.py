"""Per-workspace lock for ending and changing silences and windows."""

from __future__ import annotations

from typing import Final

from django.db import connection

_SPACE: Final = 0x70C53


def lock_quiet_times(workspace_id: int) -> None:
    """Lock silences and windows of a workspace until the end of the transaction.

    Take it before locking any silence or occurrence row: ending one plans deliveries that may be muted by
    another silence, which locks that row too; two concurrent ends would deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_SPACE, workspace_id % 2**31])
