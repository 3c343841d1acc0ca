"""Texts of others, as chat services get them: nothing in a title or a line calls a whole channel. Pure."""

from __future__ import annotations

import re
from typing import Final

# Shown as nothing, and no service takes the word behind it for a mention.
_JOINER: Final = "\N{WORD JOINER}"
# A letter or digit before the @, or a dot or hyphen and more behind the word: an address or a name.
_CALLS_ALL: Final = re.compile(
    r"(?<![^\W_])@(?=[*_|]{0,3}(?:channel|here|everyone)(?![^\W_]|[.-]\w))"
    r"|(?<![\w.+-])@(?=[*_|]{0,3}(?:all|group|room|stream|team|topic)\b(?![.-]\w))",
    re.IGNORECASE,
)
# Discord calls everybody wherever these stand in a text, also within an address.
_CALLS_ALL_ANYWHERE: Final = re.compile(r"@(?=[*_|]{0,3}(?:here|everyone)(?![^\W_]))", re.IGNORECASE)
# <@123>, <@&role>, <!channel>, <users/all>, <at user_id="all">
_MARKED: Final = re.compile(r"<(?=[@!]|users/|at\b)", re.IGNORECASE)


def quiet(text: str) -> str:
    """The text without a mention of everybody: `@channel`, `@here`, `@everyone`, `@all` and the like."""
    return _CALLS_ALL.sub(f"@{_JOINER}", text)


def unmarked(text: str) -> str:
    """As `quiet`, and without the marks by which services of any kind mention people, roles and groups."""
    return _MARKED.sub(f"<{_JOINER}", _CALLS_ALL_ANYWHERE.sub(f"@{_JOINER}", quiet(text)))
