"""`make restore` without a file prints the usage."""

from __future__ import annotations

import subprocess

from config.paths import ROOT


def test_restore_without_a_file_is_refused_with_what_to_do() -> None:
    ran = subprocess.run(["make", "-n", "restore"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "make restore FROM=" in ran.stderr
    named = subprocess.run(
        ["make", "-n", "restore", "FROM=a.tar"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert named.returncode == 0
    assert 'manage.py restore "a.tar"' in named.stdout
