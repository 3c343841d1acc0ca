"""Typed placeholders in steps, commands and bodies. Pure.

`{component}` and `{run}` are filled in by Tocsin. The others are given with the request of a run and have a
type: `{replicas:1..10}` a whole number in that range, `{mode:fast|safe}` one of these words, `{branch:text}`
a text without shell characters and leading hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from core.http.addresses import address_fault

GIVEN: Final = frozenset({"component", "run"})
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)(?::([^{}\s]*))?\}")
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/ -]{0,199}")
_RANGE: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.\.(0|[1-9][0-9]{0,8})")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class PlaceholderError(ValueError):
    """An unknown placeholder, or an invalid value."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder: a whole number from `least` to `most`, one of `choices`, or a plain text."""

    name: str
    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> str:
        """Validate a value. Raises PlaceholderError."""
        if self.choices:
            if value not in self.choices:
                raise PlaceholderError(f"{self.name}: {value!r:.60} is not one of {', '.join(self.choices)}")
            return str(value)
        if self.most is not None:
            text = str(value)
            if not (text.isascii() and text.isdigit() and self.least <= int(text[:10]) <= self.most):
                raise PlaceholderError(f"{self.name}: {text:.60} is not a whole number {self.range}")
            return str(int(text))
        return checked(self.name, value)

    @property
    def range(self) -> str:
        """The range in words."""
        return f"from {self.least} to {self.most}"


def placeholder_of(name: str, takes: str | None) -> Placeholder:
    """Parse a placeholder. Raises PlaceholderError for an unknown name or type."""
    if takes is None:
        if name not in GIVEN:
            raise PlaceholderError(
                f"{{{name}}} is unknown; known: {{component}}, {{run}}. Others need a type, such as "
                f"{{{name}:1..10}} or {{{name}:fast|safe}}"
            )
        return Placeholder(name)
    if name in GIVEN:
        raise PlaceholderError(f"{{{name}}} is filled in by Tocsin and has no type")
    if takes == "text":
        return Placeholder(name)
    if match := _RANGE.fullmatch(takes):
        least, most = int(match[1]), int(match[2])
        if least <= most:
            return Placeholder(name, least, most)
    words = tuple(takes.split("|"))
    if len(set(words)) == len(words) > 1 and all(_WORD.fullmatch(word) for word in words):
        return Placeholder(name, choices=words)
    raise PlaceholderError(
        f"{{{name}:{takes}}}: write a range such as 1..10, words such as fast|safe, or text"
    )


def placeholders_in(value: Any) -> dict[str, Placeholder]:
    """Placeholders in a text or JSON value, by name. Raises PlaceholderError."""
    found: dict[str, Placeholder] = {}
    for text in _texts(value):
        for match in _PLACEHOLDER.finditer(text):
            one = placeholder_of(match[1], match[2])
            if found.setdefault(one.name, one) != one:
                raise PlaceholderError(f"{{{one.name}}} has two different types")
    return found


def parameters_in(value: Any) -> dict[str, Placeholder]:
    """Placeholders whose values are given with the request of a run."""
    return {name: one for name, one in placeholders_in(value).items() if name not in GIVEN}


def text_faults(config: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """Errors of placeholders in these settings: (setting, message)."""
    faults = []
    for name in names:
        try:
            placeholders_in(config.get(name))
        except PlaceholderError as error:
            faults.append((name, str(error)))
    return faults


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def is_whole(text: str) -> bool:
    """Whether a text is a single placeholder or has none."""
    return _PLACEHOLDER.fullmatch(text) is not None or not _PLACEHOLDER.search(text)


def names_in(text: str) -> set[str]:
    """Names of the placeholders in a text."""
    return {name for name, _ in _PLACEHOLDER.findall(text)}


def checked(name: str, value: Any) -> str:
    """Validate a value for a command or address. Raises PlaceholderError.

    It must start with a letter or digit, so that it cannot be an option, without shell characters.
    """
    text = str(value)
    if not _SAFE.fullmatch(text):
        raise PlaceholderError(
            f"{name}: {text[:60]!r} may not be used here: begin with a letter or digit, use letters, digits, "
            "blanks and . _ : @ / - only, at most 200 characters"
        )
    return text


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with all placeholders filled in. Raises PlaceholderError for one without a value."""
    return _PLACEHOLDER.sub(lambda match: _value(match, values), text)


def filled_address(text: str, values: Mapping[str, Any]) -> str:
    """As `filled`, with values escaped as one part of the path or query."""
    return _PLACEHOLDER.sub(lambda match: quote(_value(match, values), safe=""), text)


def _value(match: re.Match[str], values: Mapping[str, Any]) -> str:
    one = placeholder_of(match[1], match[2])
    if one.name not in values:
        raise PlaceholderError(f"{{{one.name}}} has no value: it is given with the request of the run")
    return one.checked(values[one.name])


def server_faults(config: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """Errors of addresses to which secrets are sent, whose server must be fixed: (setting, message)."""
    faults = []
    for name in names:
        url = str(config.get(name) or "")
        server = re.match(r"[^/]*//[^/?#]*", url)
        if server and "{" in server[0]:
            faults.append(
                (name, "must have a fixed server: placeholders are allowed in the path and query only")
            )
        elif url and (fault := address_fault(url)):
            faults.append((name, fault))
    return faults


def shown(text: str, values: Mapping[str, Any]) -> str:
    """The text for people, with known placeholders filled in."""
    return _PLACEHOLDER.sub(lambda match: str(values.get(match.group(1), match.group(0))), text)
