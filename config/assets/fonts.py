"""Subsets the Inter font into two WOFF2 files in static/fonts.

`inter-latin.woff2` is what an English page loads; `inter-rest.woff2` holds the other Latin letters, Greek and
Cyrillic, and is fetched by browsers only for a page that has such a letter (`unicode-range` in tokens.css).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from config.assets.font_files import RANGES, SOURCE

WEIGHTS: Final = (400, 700)  # the lightest and the heaviest the design uses
TEXT_SIZE: Final = 14  # points: the optical size drawn for running text
FEATURES: Final = ("kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum")


def build_font(name: str, folder: Path) -> Path:
    """Write `folder/<name>.woff2` atomically. Raises KeyError for a name that RANGES lacks."""
    letters = subset.parse_unicodes(RANGES[name].replace("U+", ""))
    folder.mkdir(parents=True, exist_ok=True)
    made, draft = folder / f"{name}.woff2", folder / f".{name}.{os.getpid()}"
    with TTFont(SOURCE, lazy=True) as font:
        _cut(font, letters)
        font.save(draft)
    os.replace(draft, made)
    return made


def _cut(font: TTFont, letters: list[int]) -> None:
    options = subset.Options(hinting=False, notdef_outline=True, layout_features=list(FEATURES))
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(font)
    instancer.instantiateVariableFont(font, {"opsz": TEXT_SIZE, "wght": WEIGHTS}, inplace=True)
    font.flavor = "woff2"


if __name__ == "__main__":
    build_font(sys.argv[1], Path(sys.argv[2]))
