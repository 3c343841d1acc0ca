"""Settings of webhooks to begin with, for systems that run things: data in `data/presets.toml`. Pure."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remediation.catalogue.definitions import DATA


@dataclass(frozen=True, slots=True)
class Preset:
    """One system: the settings of an action's webhook, and what its token is."""

    slug: str
    title: str
    token: str
    config: Mapping[str, Any]


@functools.cache
def presets() -> Mapping[str, Preset]:
    """Every preset by its slug."""
    entries = tomllib.loads((DATA / "presets.toml").read_text())["preset"]
    return {entry["slug"]: Preset(**entry) for entry in entries}
