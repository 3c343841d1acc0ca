"""Template tags for health states."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags.ui import icon
from incidents.overview.health import Health, Standing

register = template.Library()
SHAPES = {
    "healthy": "circle-check", "warning": "circle-alert", "degraded": "trending-down", "down": "octagon-x",
}  # fmt: skip


@register.simple_tag
def standing(health: Health) -> SafeString:
    """Render the name of a health with its shape."""
    return _standing(str(health.standing))


@register.simple_tag
def standing_word(word: Standing) -> SafeString:
    """Render a name of a health with its shape, without a percentage."""
    return _standing(str(word))


@lru_cache(maxsize=8)
def _standing(word: str) -> SafeString:
    return format_html(
        '<span class="standing standing-{}">{}{}</span>', word, icon(SHAPES[word], 14), word.title()
    )
