"""Programs of other packages that some tests run: Chromium, Prometheus and its Alertmanager."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

NEED_ALL = "TOCSIN_TESTS_NEED_ALL"


def missing(program: str) -> NoReturn:
    """Leave a test out that needs the program, or fail it where everything is to be tested (CI)."""
    words = f"{program} is not installed: apt-get install {program}"
    if os.environ.get(NEED_ALL):
        pytest.fail(words)
    pytest.skip(words)
