"""Django apps of the product, lowest layer first; settings, admin, assets and tests derive from it."""

from __future__ import annotations

from typing import Final

# Each layer may import the ones before it; apps of one layer never import each other.
LAYERS: Final[tuple[tuple[str, ...], ...]] = (
    ("core",),
    ("accounts",),
    ("incidents",),
    ("notifications",),
    ("detection", "remediation", "postmortems", "bundles"),
    ("warroom", "status"),
    ("config",),
)
APPS: Final[tuple[str, ...]] = tuple(app for layer in LAYERS for app in layer)
