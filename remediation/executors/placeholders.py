"""Placeholders in steps, commands and bodies: typed, whole, and refused when unknown. Pure.

`{component}` and `{run}` are given by Tocsin. Whoever requests a run gives the others, which say what they
take: `{replicas:1..10}` a whole number of that range, `{mode:fast|safe}` one of these words, `{branch:text}`
a text without anything that a shell or an option parser could take for its own.
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
    """A placeholder that is unknown, or a value that may not stand for one."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name and what it takes: whole numbers from `least` to `most`, one of `choices`, else a plain text."""

    name: str
    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> str:
        """The value as it may stand here. Raises PlaceholderError naming what is taken."""
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
        """Its range in words."""
        return f"from {self.least} to {self.most}"


def placeholder_of(name: str, takes: str | None) -> Placeholder:
    """What stands between braces. Raises PlaceholderError for an unknown name or type."""
    if takes is None:
        if name not in GIVEN:
            raise PlaceholderError(
                f"{{{name}}} is unknown; known: {{component}}, {{run}}. Say what another one takes, such as "
                f"{{{name}:1..10}} or {{{name}:fast|safe}}"
            )
        return Placeholder(name)
    if name in GIVEN:
        raise PlaceholderError(f"{{{name}}} is given by Tocsin and has no type")
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
    """The placeholders of a text, or of the texts of a JSON value, by name. Raises PlaceholderError."""
    found: dict[str, Placeholder] = {}
    for text in _texts(value):
        for match in _PLACEHOLDER.finditer(text):
            one = placeholder_of(match[1], match[2])
            if found.setdefault(one.name, one) != one:
                raise PlaceholderError(f"{{{one.name}}} has two different types")
    return found


def asked_in(value: Any) -> dict[str, Placeholder]:
    """Those whose values whoever requests a run gives."""
    return {name: one for name, one in placeholders_in(value).items() if name not in GIVEN}


def text_faults(config: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """What is wrong with the placeholders of these settings: (setting, message)."""
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
    """Whether a placeholder is all there is in a text, or there is none."""
    return _PLACEHOLDER.fullmatch(text) is not None or not _PLACEHOLDER.search(text)


def names_in(text: str) -> set[str]:
    """The placeholders a text uses."""
    return {name for name, _ in _PLACEHOLDER.findall(text)}


def checked(name: str, value: Any) -> str:
    """A value as it may stand in a command or address. Raises PlaceholderError.

    It begins with a letter or digit, so that it cannot be an option, and holds no shell characters.
    """
    text = str(value)
    if not _SAFE.fullmatch(text):
        raise PlaceholderError(
            f"{name}: {text[:60]!r} may not be used here: begin with a letter or digit, use letters, digits, "
            "blanks and . _ : @ / - only, at most 200 characters"
        )
    return text


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with every placeholder replaced. Raises PlaceholderError naming one that has no value."""
    return _PLACEHOLDER.sub(lambda match: _value(match, values), text)


def filled_address(text: str, values: Mapping[str, Any]) -> str:
    """As `filled`; each value is one part of the path or query, and leads to no other address."""
    return _PLACEHOLDER.sub(lambda match: quote(_value(match, values), safe=""), text)


def _value(match: re.Match[str], values: Mapping[str, Any]) -> str:
    one = placeholder_of(match[1], match[2])
    if one.name not in values:
        raise PlaceholderError(f"{{{one.name}}} has no value: it is given with the request of the run")
    return one.checked(values[one.name])


def server_faults(config: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """What is wrong with addresses to which secrets go; each names its server: (setting, message)."""
    faults = []
    for name in names:
        url = str(config.get(name) or "")
        server = re.match(r"[^/]*//[^/?#]*", url)
        if server and "{" in server[0]:
            faults.append((name, "must name its server: a placeholder may stand behind it only"))
        elif url and (fault := address_fault(url)):
            faults.append((name, fault))
    return faults


def shown(text: str, values: Mapping[str, Any]) -> str:
    """The text for people to read, with every placeholder replaced that has a value."""
    return _PLACEHOLDER.sub(lambda match: str(values.get(match.group(1), match.group(0))), text)
