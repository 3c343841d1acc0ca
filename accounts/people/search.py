"""Search provider for people."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from accounts.actor import Actor
from accounts.selectors import members_named
from core.search.providers import SearchHit, SearchProvider, search_provider


@search_provider
class People(SearchProvider):
    """Members by the start of a name, handle or address, then by any part; linked to their roles."""

    name = "people"
    title = "People"
    icon = "user-round"
    order = 20

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        return [
            SearchHit(
                member.user.label,
                f"/incidents?{urlencode({'assigned_to': member.user.username})}",
                f"{member.user.username} · {member.role}",
            )
            for member in members_named(actor, text, limit=limit)
        ]
