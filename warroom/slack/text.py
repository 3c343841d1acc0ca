"""Text in Slack's mrkdwn: escaping, cutting and blocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from core.http.chat_text import quiet

MAX_SECTION_CHARS: Final = 3000
MAX_FIELD_CHARS: Final = 2000
MAX_HEADER_CHARS: Final = 150
MAX_PLAIN_CHARS: Final = 3000
MAX_BLOCKS: Final = 50


@dataclass(frozen=True, slots=True)
class Reply:
    """An ephemeral reply to a command: text and optional blocks."""

    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def message(self) -> dict[str, Any]:
        """The message for Slack."""
        shown = {"response_type": "ephemeral", "text": cut(self.text, MAX_PLAIN_CHARS)}
        return shown | ({"blocks": self.blocks[:MAX_BLOCKS]} if self.blocks else {})


def escaped(text: str) -> str:
    """Escape Slack's control characters, so that nothing can mention @channel."""
    return quiet(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """Undo Slack's escaping."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def cut(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def section(text: str) -> dict[str, Any]:
    """A section block with text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_SECTION_CHARS)}}


def button(label: str, action_id: str, **more: object) -> dict[str, Any]:
    """A button element; `more`: value, url, style, confirm."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action_id, **more}
