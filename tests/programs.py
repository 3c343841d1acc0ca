"""Third-party programs that some tests run: Chromium, Prometheus and its Alertmanager."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

NEED_ALL = "TOCSIN_TESTS_NEED_ALL"
# Where other versions of Python lie that are not on the path: those of pyenv, and of GitHub's machines.
_PYTHONS = ("~/.pyenv/versions", "/opt/hostedtoolcache/Python")


def missing(program: str) -> NoReturn:
    """Leave a test out that needs the program, or fail it where everything is to be tested (CI)."""
    words = f"{program} is not installed: apt-get install {program}"
    if os.environ.get(NEED_ALL):
        pytest.fail(words)
    pytest.skip(words)


def python(name: str) -> str | None:
    """The path of a Python such as python3.9 or pypy3 that runs; None where there is none."""
    version = name.removeprefix("python")
    places = [
        file for place in _PYTHONS for file in Path(place).expanduser().glob(f"{version}.*/**/bin/{name}")
    ]
    for found in filter(None, [shutil.which(name), *map(str, sorted(places))]):
        probe = subprocess.run([found, "-c", ""], capture_output=True, check=False, timeout=60)
        if probe.returncode == 0:  # a pyenv shim on the path may belong to a version that is not chosen
            return found
    return None
