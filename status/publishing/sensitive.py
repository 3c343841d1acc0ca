"""Finds sensitive content of public texts: secrets, internal hosts, internal component names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.redaction import redact

_ADDRESS: Final = re.compile(
    r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|127(?:\.\d{1,3}){3}|169\.254(?:\.\d{1,3}){2}|192\.168(?:\.\d{1,3}){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?![\d.]*\d)"
    r"|\bf[cd][0-9a-f]{2}:[0-9a-f:]{2,}|\bfe80:[0-9a-f:]+",
    re.I,
)
_HOST: Final = re.compile(
    r"\b(?:[a-z0-9-]+\.)+(?:internal|local|localdomain|lan|corp|intranet|home|private|svc|consul)\b"
    r"|\blocalhost\b|\bip-\d+-\d+-\d+-\d+\b|\b[a-z][a-z0-9-]*[a-z0-9]:\d{2,5}\b",
    re.I,
)
# A single word with a digit or a hyphen, such as pg-main-2 or db01, is a name, not a plain word.
_LOOKS_LIKE_NAME: Final = re.compile(r"[\d.:_/-]")


@dataclass(frozen=True, slots=True)
class Flag:
    """Sensitive content in a text."""

    kind: str  # secret | host | component
    sample: str

    @property
    def words(self) -> str:
        """Warning in words."""
        if self.kind == "secret":
            return "It contains what looks like a secret."
        what = "an internal address" if self.kind == "host" else "the internal name of a component"
        return f"It contains {what}: {self.sample}"


def flags_in(text: str, *, internal: Iterable[str] = (), public: Iterable[str] = ()) -> tuple[Flag, ...]:
    """Sensitive content of a text. `internal`, `public`: component names in the catalogue and on the page."""
    found = [Flag("secret", "")] if redact(text) != text else []
    hosts = dict.fromkeys([*_ADDRESS.findall(text), *_HOST.findall(text)])
    found += [Flag("host", host[:80]) for host in hosts]
    shown = {name.casefold() for name in public}
    lowered = text.casefold()
    for name in internal:
        word = name.casefold()
        if word in shown or not _LOOKS_LIKE_NAME.search(word) or word not in lowered:
            continue
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lowered):
            found.append(Flag("component", name[:80]))
    return tuple(found)
