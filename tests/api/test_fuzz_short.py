"""The short form of `make fuzz`: the phases that follow links from call to call and draw values at random."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from config.paths import ROOT

SERVERS = ("DATABASE_URL", "REDIS_URL", "TOCSIN_TEST_FOLDER", "PYTEST_XDIST_WORKER", "TOCSIN_DATA_DIR")


@pytest.mark.faults
@pytest.mark.long
def test_a_few_hundred_calls_that_follow_from_each_other_fail_nowhere():
    """All phases, `coverage` with its three thousand cases among them, are for `make fuzz`."""
    argv = [sys.executable, "-m", "tests.api.fuzz", "--cases", "150", "--phases", "stateful", "fuzzing"]
    env = {name: value for name, value in os.environ.items() if name not in SERVERS}
    ran = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=220)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tried = dict(re.findall(r"(stateful_testing|fuzzing) ([\d,]+)", ran.stdout))
    assert tried.keys() == {"stateful_testing", "fuzzing"}, ran.stdout
    assert re.search(r"\b0 failures", ran.stdout)
