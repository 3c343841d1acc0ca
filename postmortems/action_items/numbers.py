"""Action item and fix counts for analytics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from incidents.analytics.beside import NUMBERS, Number
from postmortems.action_items.selectors import ItemFilter, matching
from postmortems.fix_watch.selectors import held_counts


@NUMBERS.register("action items")
def numbers(actor: Actor, first: date, until: date) -> Sequence[Number]:
    """Items due in the period, closed in time or not, and all watched fixes by verdict."""
    if not allowed(actor, Capability.POSTMORTEMS_READ):
        return ()
    period = {"due_from": first.isoformat(), "due_until": until.isoformat()}
    due = [
        Number(f"items_{word}", matching(actor, ItemFilter(status="all", due=word, **period)).count(),
               _address(due=word, **period))
        for word in ("in_time", "late")
    ]  # fmt: skip
    fixes = [
        Number(f"fixes_{verdict}", count, _address(kind="prevent", fix=verdict))
        for verdict, count in held_counts(actor).items()
    ]
    return [*due, *fixes]


def _address(**words: str) -> str:
    return f"/api/v1/action-items?{urlencode({'status': 'all', **words})}"
