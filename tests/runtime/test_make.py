"""Targets of the Makefile that need an argument print it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from config.paths import ROOT
from tests.programs import missing


@pytest.fixture(autouse=True)
def _with_make() -> None:
    if shutil.which("make") is None:
        missing("make")


def test_restore_without_a_backup_changes_nothing_and_prints_the_usage() -> None:
    ran = subprocess.run(["make", "-n", "restore"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "Nothing was restored: name the backup, as in `make restore FROM=" in ran.stderr
    named = subprocess.run(
        ["make", "-n", "restore", "FROM=a b.zip"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 'manage.py restore "a b.zip"' in named.stdout
