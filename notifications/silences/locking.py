"""The lock of those who end or change silences and windows of a workspace."""

from __future__ import annotations

from typing import Final

from django.db import connection

_SPACE: Final = 0x70C53


def lock_quiet_times(workspace_id: int) -> None:
    """Wait for others who end or change silences and windows here. Held to the end of the transaction.

    Take it before the row of any silence or occurrence: an end plans deliveries that may be muted by another
    silence and so locks that one too; two ends at once would wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_SPACE, workspace_id % 2**31])
