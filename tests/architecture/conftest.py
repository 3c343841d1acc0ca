"""One worker runs all of these, so that the source is parsed once."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/architecture" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("architecture"))
