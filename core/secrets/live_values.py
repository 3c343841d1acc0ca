"""A stored secret with two live values: the current one and, while it is being replaced, the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import orjson

from core.secrets.encryption import decrypt, encrypt

MAX_LIVE: Final = 2


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """`values`, newest first; empty when none is set. Written encrypted, as one text."""

    values: tuple[str, ...] = ()

    @property
    def current(self) -> str:
        """The newest value, or nothing."""
        return self.values[0] if self.values else ""

    def replaced_by(self, value: str) -> Self:
        """With a new current value; the one before stays live until `retired` or the next replacement."""
        return type(self)((value, *self.values[: MAX_LIVE - 1]))

    def retired(self) -> Self:
        """Without the value before the current one."""
        return type(self)(self.values[:1])

    def encrypted(self) -> str:
        """As it is stored; nothing for an empty one."""
        return encrypt(orjson.dumps(list(self.values)).decode()) if self.values else ""

    @classmethod
    def from_encrypted(cls, stored: str) -> Self:
        """Read what `encrypted` returned. Raises UnsealableError."""
        return cls(tuple(orjson.loads(decrypt(stored)))) if stored else cls()
