"""An object storage of the tests' own, started by the first test that uses it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.embedded import process
from core.embedded.s3 import S3

STARTS_WITHIN_S = 60


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-s3-"))
    folder.chmod(0o711)
    server = S3(folder / "s3", process.server_account(), fallback=folder / "programs")
    try:
        server.start(patience=STARTS_WITHIN_S)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def storage(s3: S3, settings: Any) -> Any:
    """The bucket, which no one has made yet, with settings that lead to it."""
    settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{s3.port()}"
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = s3.keys()
    from core.storage.client import bucket

    return bucket()
