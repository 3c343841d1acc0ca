"""Paths of the project and its data, from the standard library alone."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("TOCSIN_DATA_DIR") or ROOT / ".tocsin").absolute()
# What `manage.py up` found or started, so that every other command reaches the same servers.
RUNTIME_ENV = DATA_DIR / "runtime.env"
