"""The Procfile names every program that `manage.py up` starts, by the same command."""

from __future__ import annotations

from config.paths import ROOT
from config.runtime.programs import WORKERS, programs


def test_procfile_names_every_program():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert set(lines) == set(programs(8000, 2))
    for process in WORKERS:
        assert lines[process] == f"python -m config.runtime.worker_main {process}"
