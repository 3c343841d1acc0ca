"""Setup guides of the formats. Plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
CHOSEN_BY_TEAM: Final = "Choose a secret, set it in the sender and here."


@dataclass(frozen=True, slots=True)
class Guide:
    """Setup of a sender. `where`: where in the sender to configure it.

    `snippet`: text to paste, with {address}, {base} and {key} as placeholders. `body`: a firing request, sent
    as `content_type` with `headers`, for the test. `signing`: where the sender's secret is; empty if it
    cannot sign.
    """

    where: str
    snippet: str
    body: Any
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    signing: str = ""

    @property
    def text(self) -> str:
        """Return the body as text, JSON indented."""
        return (
            self.body if isinstance(self.body, str) else json.dumps(self.body, indent=2, ensure_ascii=False)
        )


def filled(snippet: str, *, base: str, address: str, key: str) -> str:
    """Return the snippet with a source's URL; other braces are unchanged."""
    return snippet.replace("{address}", address).replace("{base}", base).replace("{key}", key)
