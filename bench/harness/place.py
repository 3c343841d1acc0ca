"""Folder of a run's files: servers, logs, peers, results. It may be deleted."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
SCRATCH = Path(os.environ.get("BENCH_DIR", BENCH / "scratch")).resolve()
LUA = BENCH / "load" / "events.lua"
README = BENCH / "README.md"


def scratch(*parts: str) -> Path:
    """Return a folder below the scratch folder, created if missing."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    SCRATCH.chmod(0o711)  # servers that run as another user need to traverse it
    folder = SCRATCH.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log(name: str) -> Path:
    """Return a fresh log file of that name."""
    path = scratch("logs") / f"{name}.log"
    path.unlink(missing_ok=True)
    return path
