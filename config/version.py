"""The version of Tocsin, from pyproject.toml."""

from __future__ import annotations

import tomllib
from functools import cache

from config.paths import ROOT


@cache
def version() -> str:
    """The version in pyproject.toml, such as `0.1.0`."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
