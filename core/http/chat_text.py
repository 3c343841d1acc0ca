"""Neutralizes mentions in text sent to chat services, so that a title cannot notify a whole channel. Pure."""

from __future__ import annotations

import re
from typing import Final

# Zero-width, and no service treats the word behind it as a mention.
_JOINER: Final = "\N{WORD JOINER}"
# Preceded by a letter or digit, or followed by a dot or hyphen and more: an e-mail address or a name.
_CALLS_ALL: Final = re.compile(
    r"(?<![^\W_])@(?=[*_|]{0,3}(?:channel|here|everyone)(?![^\W_]|[.-]\w))"
    r"|(?<![\w.+-])@(?=[*_|]{0,3}(?:all|group|room|stream|team|topic)\b(?![.-]\w))",
    re.IGNORECASE,
)
# Discord notifies everybody wherever these occur in a text, also within a URL.
_CALLS_ALL_ANYWHERE: Final = re.compile(r"@(?=[*_|]{0,3}(?:here|everyone)(?![^\W_]))", re.IGNORECASE)
# <@123>, <@&role>, <!channel>, <users/all>, <at user_id="all">
_MARKED: Final = re.compile(r"<(?=[@!]|users/|at\b)", re.IGNORECASE)


def quiet(text: str) -> str:
    """Return the text without mass mentions: `@channel`, `@here`, `@everyone`, `@all` and so on."""
    return _CALLS_ALL.sub(f"@{_JOINER}", text)


def unmarked(text: str) -> str:
    """Return `quiet(text)` without the markup by which services mention people, roles and groups."""
    return _MARKED.sub(f"<{_JOINER}", _CALLS_ALL_ANYWHERE.sub(f"@{_JOINER}", quiet(text)))
