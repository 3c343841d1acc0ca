"""A storage of its own, a made bundle, and both endpoints that take uploads."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from config.runtime.programs import web
from core.embedded import process
from core.embedded.s3 import S3
from core.storage.client import bucket

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
    """The bucket, which nobody has made yet, with settings that lead to it."""
    settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{s3.port()}"
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = s3.keys()
    return bucket()


@pytest.fixture(scope="session")
def web_url(s3: S3) -> Iterator[str]:
    """Our own web server as it runs in production, before the same storage."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    access, secret = s3.keys()
    given = {
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3.port()}", "S3_ACCESS_KEY": access, "S3_SECRET_KEY": secret,
        "SECRET_KEY": django_settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip
    running = subprocess.Popen(web(port, 1), env={**os.environ, **given}, cwd=django_settings.BASE_DIR)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(15)


def _wait_for(port: int) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end:
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the web server did not start")
