"""Placeholders `{component}` in steps, commands and bodies: typed, whole, and refused when unknown. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_SAFE: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:@/ -]{0,199}$")


class PlaceholderError(ValueError):
    """A placeholder that is unknown, or a value that may not stand for one."""


def names_in(text: str) -> set[str]:
    """The placeholders a text uses."""
    return set(_PLACEHOLDER.findall(text))


def checked(name: str, value: Any) -> str:
    """A value as it may stand in a command or address. Raises PlaceholderError.

    It begins with a letter or digit, so that it cannot be an option, and holds no shell characters.
    """
    text = str(value)
    if not _SAFE.match(text):
        raise PlaceholderError(
            f"{name}: {text[:60]!r} may not be used here: begin with a letter or digit, use letters, digits, "
            "blanks and . _ : @ / - only, at most 200 characters"
        )
    return text


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with every placeholder replaced. Raises PlaceholderError naming one that has no value."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise PlaceholderError(f"{{{name}}} has no value; known: {', '.join(sorted(values)) or 'none'}")
        return checked(name, values[name])

    return _PLACEHOLDER.sub(value, text)


def shown(text: str, values: Mapping[str, Any]) -> str:
    """The text for people to read, with every placeholder replaced that has a value."""
    return _PLACEHOLDER.sub(lambda match: str(values.get(match.group(1), match.group(0))), text)
