"""The HTML fragment cache."""

from __future__ import annotations

from core.ui.render_cache import RenderCache


def test_fragment_is_rendered_once_for_the_same_values():
    cache, rendered = RenderCache(2), []
    for _ in range(3):
        assert cache.get(("a", 1), lambda: rendered.append(1) or "<b>a</b>") == "<b>a</b>"
    assert len(rendered) == 1


def test_full_cache_drops_only_the_least_recently_used_fragment():
    cache = RenderCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    assert cache.get("a", lambda: "rendered again") == "a"
    assert cache.get("c", lambda: "rendered again") == "c"
    assert cache.get("b", lambda: "rendered again") == "rendered again"


def test_fragment_above_the_limit_is_not_stored():
    cache = RenderCache(2, max_chars=3)
    assert cache.get("a", lambda: "long") == "long"
    assert cache.get("a", lambda: "new") == "new"
