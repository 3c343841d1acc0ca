"""Paths of the project and its data; standard library only."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("TOCSIN_DATA_DIR") or ROOT / ".tocsin").absolute()
# Written by `manage.py up` with the servers it found or started, so that every other command uses the same.
RUNTIME_ENV = DATA_DIR / "runtime.env"
