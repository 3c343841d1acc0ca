"""A workspace with a status page and one component on it."""

from __future__ import annotations

import pytest
from django.urls import get_resolver


@pytest.fixture(autouse=True, scope="session")
def _addresses_known():
    """Loaded before any transaction begins: on a busy machine that may outlast an idle one."""
    assert get_resolver().url_patterns


@pytest.fixture(autouse=True)
def _fresh_store(settings, tmp_path):
    from status.snapshots.store import store  # models may be imported only after the servers run

    settings.DATA_DIR = tmp_path
    store.cache_clear()
    yield
    store.cache_clear()


@pytest.fixture
def scenario(db, admin, actor):
    from tests.status.scenario import StatusScenario

    return StatusScenario(admin, actor)
