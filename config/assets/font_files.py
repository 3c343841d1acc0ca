"""Font files to build and their character ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import fontpkg_inter

SOURCE: Final = Path(fontpkg_inter.ROOT) / "files" / "Inter[opsz,wght].ttf"
# Must match the unicode-range of tokens.css; a test compares them.
RANGES: Final = {
    "inter-latin": "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+2000-206F,U+20AC,U+2122,"
    "U+2190-2193,U+21B5,U+21E7,U+2212,U+2215,U+2318,U+2325,U+FEFF,U+FFFD",
    "inter-rest": "U+100-130,U+132-151,U+154-2BA,U+2BD-2C5,U+2C7-2CC,U+2CE-2D7,U+2DD-304,U+308,U+329,"
    "U+370-52F,U+1D00-1DBF,U+1E00-1EFF,U+2070-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
}
