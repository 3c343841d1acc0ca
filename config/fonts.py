"""Cuts the shipped Inter (877 kB of TrueType) down to what pages need, as two WOFF2 files in static/fonts.

`inter-latin.woff2` is what an English page loads; `inter-rest.woff2` holds the other Latin letters, Greek and
Cyrillic, and is fetched by browsers only for a page that has such a letter (`unicode-range` in tokens.css).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import fontpkg_inter
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SOURCE: Final = Path(fontpkg_inter.ROOT) / "files" / "Inter[opsz,wght].ttf"
# Kept in step with the unicode-range of tokens.css; a test compares them.
RANGES: Final = {
    "inter-latin": "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+2000-206F,U+20AC,U+2122,"
    "U+2190-2193,U+21B5,U+21E7,U+2212,U+2215,U+2318,U+2325,U+FEFF,U+FFFD",
    "inter-rest": "U+100-130,U+132-151,U+154-2BA,U+2BD-2C5,U+2C7-2CC,U+2CE-2D7,U+2DD-304,U+308,U+329,"
    "U+370-52F,U+1D00-1DBF,U+1E00-1EFF,U+2070-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
}
WEIGHTS: Final = (400, 700)  # the lightest and the heaviest the design uses
TEXT_SIZE: Final = 14  # points: the optical size drawn for running text
FEATURES: Final = ("kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum")


def build_font(name: str, folder: Path) -> Path:
    """Write `folder/<name>.woff2`, whole or not at all. KeyError for a name that RANGES lacks."""
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
