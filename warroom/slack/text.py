"""Text in Slack's mrkdwn: escaped and cut. Pure."""

from __future__ import annotations

from typing import Final

MAX_SECTION_CHARS: Final = 3000
MAX_FIELD_CHARS: Final = 2000
MAX_HEADER_CHARS: Final = 150
MAX_PLAIN_CHARS: Final = 3000


def escaped(text: str) -> str:
    """The three characters that mean something to Slack, as it wants them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """What a person wrote, from what Slack sends."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis where something is missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def section(text: str) -> dict[str, object]:
    """A block of text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_SECTION_CHARS)}}


def button(label: str, action_id: str, **more: object) -> dict[str, object]:
    """A button of a message; `more`: value, url, style, confirm."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action_id, **more}
