"""A generated bundle, and both endpoints that take uploads."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings

from config.runtime.programs import web
from core.embedded.s3 import S3

STARTS_WITHIN_S = 60


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
