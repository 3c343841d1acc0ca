"""Template tags of the public page."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from status.snapshots.markdown import public_markdown as render_markdown
from status.snapshots.view import NoticeView, PageView

register = template.Library()


@register.filter
def public_markdown(text: str) -> SafeString:
    """Render user Markdown for the public page."""
    return render_markdown(text)


@register.simple_tag
def names(page: PageView, notice: NoticeView) -> list[str]:
    """Names of the components of a notice."""
    return page.names(notice.components)
