"""Renders user Markdown for the public page. Pure."""

from __future__ import annotations

import re
from typing import Final

from django.utils.safestring import SafeString

from core.ui.markdown import markdown

_OWN_LINK: Final = re.compile(r'<a href="/[^"]*"[^>]*>(.*?)</a>', re.S)


def public_markdown(text: str) -> SafeString:
    """The text as HTML, without internal links."""
    return SafeString(_OWN_LINK.sub(r"\1", str(markdown(text))))
