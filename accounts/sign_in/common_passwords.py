"""Password validator that rejects words related to Tocsin and to the workspace."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User

# Documented in docs/reference/security.md.
WORDS: Final = (
    "tocsin", "incident", "alert", "alarm", "oncall", "pager", "outage", "responder", "manager", "admin",
    "password", "welcome", "letmein", "changeme",
)  # fmt: skip
MIN_BESIDE: Final = 8
_SHORTEST: Final = 4  # shorter names occur in too many words
_SEPARATORS: Final = re.compile(r"[\W_]+")
_LOOKS_LIKE: Final = str.maketrans("013457@$!", "oieastasi")


class CommonPasswordWords:
    """Validator: rejects a password that is too short without its common words.

    Capitals, separators and the usual digits for letters are ignored: `T0csin-2026!` is one listed word and
    little else. The words are a list of our own, the names of the person's workspaces, and the host in
    BASE_URL.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError if too little remains."""
        rest = _plain(password)
        found = [word for word in _words(user) if word in rest]
        for word in found:
            rest = rest.replace(word, "")
        if found and len(rest) < MIN_BESIDE:
            message = f"It is little more than “{found[0]}”, which is guessed first here."
            raise ValidationError(message, code="listed_word")

    def get_help_text(self) -> str:
        """Return the text for forms."""
        return "Not just a word of this installation."


def _words(user: User | None) -> list[str]:
    """Return the words, longest first, so that a word within another leaves no remainder."""
    named: list[str] = []
    if user is not None and user.pk:
        for slug, name in user.memberships.values_list("workspace__slug", "workspace__name"):
            named += [slug, *name.split()]
    named += (urlsplit(settings.BASE_URL).hostname or "").split(".")
    names = {word for word in map(_plain, named) if len(word) >= _SHORTEST}
    return sorted({*WORDS, *names}, key=lambda word: -len(word))


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text.lower().translate(_LOOKS_LIKE))
