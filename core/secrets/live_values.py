"""Stored secret with two live values: the current one and, during a rotation, the previous one."""

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
        """Return the newest value, or ""."""
        return self.values[0] if self.values else ""

    def replaced_by(self, value: str) -> Self:
        """Return it with a new current value.

        The previous one stays live until `retired` or the next rotation.
        """
        return type(self)((value, *self.values[: MAX_LIVE - 1]))

    def retired(self) -> Self:
        """Return it without the previous value."""
        return type(self)(self.values[:1])

    def encrypted(self) -> str:
        """Return it as stored; "" for an empty one."""
        return encrypt(orjson.dumps(list(self.values)).decode()) if self.values else ""

    @classmethod
    def from_encrypted(cls, stored: str) -> Self:
        """Parse what `encrypted` returned. Raises DecryptionError."""
        return cls(tuple(orjson.loads(decrypt(stored)))) if stored else cls()
