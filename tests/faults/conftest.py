"""One Tocsin, started by `manage.py up`, for all tests that kill or disturb its processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # what it imports needs Django's settings
    from tests.faults.running import Running, Wired


@pytest.fixture(scope="package")
def shared() -> Iterator[Running]:
    """Started with the first test that uses it, stopped with the last one of this folder."""
    from tests.faults.running import running

    with running() as started:
        yield started


@pytest.fixture(scope="package")
def wired() -> Iterator[Wired]:
    """One reached through proxies, for tests that disturb its connections or servers."""
    from tests.faults.running import Wired, running

    with running(Wired) as started:
        assert isinstance(started, Wired)
        yield started


@pytest.fixture(scope="module")
def tocsin(shared: Running) -> Running:
    """Tests that need one wired in another way have a fixture of the same name."""
    return shared
