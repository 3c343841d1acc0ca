"""Template tags that describe a rule."""

from __future__ import annotations

from django import template

from detection.models import DetectionRule
from detection.rules.rule_text import fires, watches

register = template.Library()


@register.filter
def rule_watches(rule: DetectionRule) -> str:
    """Return its conditions, as the beginning of a line."""
    words = watches(rule)
    return words[:1].upper() + words[1:]


@register.filter
def rule_fires(rule: DetectionRule) -> str:
    """Return when it fires."""
    return fires(rule)
