"""Template filters of the postmortem pages."""

from __future__ import annotations

from typing import Final

from django import template
from django.utils.safestring import SafeString

from core.ui.markdown import document

register = template.Library()
NAMES: Final = {"markdown": "Markdown", "html": "HTML", "pdf": "PDF", "json": "JSON"}
# Name, label with its key, lucide icon; implemented in `static/js/editor.js`.
TOOLS: Final = (
    ("bold", "Bold (Ctrl B)", "bold"),
    ("italic", "Italic (Ctrl I)", "italic"),
    ("link", "Link (Ctrl K)", "link"),
    ("heading", "Heading", "heading"),
    ("quote", "Quote", "text-quote"),
    ("code", "Code", "code"),
    ("bullets", "Bullet list", "list"),
    ("numbers", "Numbered list", "list-ordered"),
    ("tasks", "Task list", "list-checks"),
    ("table", "Table", "table"),
    ("timeline", "Timeline of the incident", "clock"),
    ("chart", "Chart of errors", "chart-column"),
    ("action", "Action item from the selection", "list-plus"),
)


@register.filter
def rendered(text: str) -> SafeString:
    """Render a section's Markdown as HTML, with task lists and stored images."""
    return document(text)


@register.filter
def formats(names: str) -> list[tuple[str, str]]:
    """Export formats with their labels."""
    return [(name, NAMES[name]) for name in names.split()]


@register.simple_tag
def editor_tools() -> tuple[tuple[str, str, str], ...]:
    """The buttons of the editor's toolbar."""
    return TOOLS
