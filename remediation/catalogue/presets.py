"""Presets of webhook settings for automation systems, from `data/presets.toml`. Pure."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remediation.catalogue.definitions import DATA


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset: webhook settings of a system, and a description of its token."""

    slug: str
    title: str
    token: str
    config: Mapping[str, Any]


@functools.cache
def presets() -> Mapping[str, Preset]:
    """Presets by slug."""
    entries = tomllib.loads((DATA / "presets.toml").read_text())["preset"]
    return {entry["slug"]: Preset(**entry) for entry in entries}
