"""Search provider for detection rules."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.actor import Actor
from core.search.providers import SearchHit, SearchProvider, search_provider
from detection.selectors import rules_of


@search_provider
class Rules(SearchProvider):
    """Rules by any part of the name or the id; a workspace has only tens of them."""

    name = "rules"
    title = "Rules"
    icon = "radar"
    order = 40

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        named = rules_of(actor).filter(Q(name__icontains=text) | Q(rule_id__icontains=text))
        return [SearchHit(rule.name, f"/rules/{rule.rule_id}", rule.rule_id) for rule in named[:limit]]
