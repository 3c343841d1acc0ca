"""The short form of `make fuzz`: the phase that follows links from call to call.

Values drawn at random are tried for each operation in test_schema_conformance.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from config.paths import ROOT
from tests import servers


@pytest.mark.faults
@pytest.mark.long
@pytest.mark.whole
def test_sequences_of_dependent_calls_never_fail():
    """All phases, `coverage` with its three thousand cases among them, are for `make fuzz`."""
    argv = [sys.executable, "-m", "tests.api.fuzz", "--cases", "100", "--phases", "stateful"]
    # As if it were one more of the parallel workers: it has a database of its own in the same PostgreSQL.
    env = os.environ | {"PYTEST_XDIST_WORKER": "fuzz", "DATABASE_URL": servers.create_database("fuzz")}
    ran = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=220)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tried = dict(re.findall(r"(stateful_testing) ([\d,]+)", ran.stdout))
    assert int(tried["stateful_testing"].replace(",", "")) > 50, ran.stdout
    assert re.search(r"\b0 failures", ran.stdout)
