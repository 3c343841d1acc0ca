"""Build collector.pyz: `python scripts/build_collector.py OUTPUT`. Reproducible byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tocsin.packing import build_collector

if __name__ == "__main__":
    print(build_collector(Path(sys.argv[1])))
