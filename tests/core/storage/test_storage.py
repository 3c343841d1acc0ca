"""Object storage on the bundled server."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

import pytest

from core.embedded import process
from core.embedded.s3 import S3
from core.http.client import request
from core.queue.retry import PermanentError
from core.storage.client import ObjectMissingError, StorageError, bucket
from tests.core.http.test_client import LOOPBACK

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="tocsin-s3-"))
    folder.chmod(0o711)
    started = S3(folder / "s3", process.server_account(), fallback=folder / "programs")
    try:
        started.start(patience=60)
        yield started
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def files(server, settings):
    settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{server.port()}"
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = server.keys()
    settings.HTTP_ALLOWED_NETWORKS = LOOPBACK
    bucket().ensure()
    bucket().ensure()
    return bucket()


def test_objects_are_put_read_copied_listed_and_deleted(files):
    files.put("a/one.txt", b"hello", "text/plain")
    files.put("a/large", io.BytesIO(b"x" * 9_000_000))
    files.copy("a/one.txt", "a/two.txt")
    assert files.get("a/two.txt") == b"hello"
    assert files.info("a/large").size == sum(len(piece) for piece in files.stream("a/large")) == 9_000_000
    assert list(files.keys("a/")) == ["a/large", "a/one.txt", "a/two.txt"]
    files.delete("a/two.txt")
    files.delete("a/two.txt")
    assert files.info("a/two.txt") is None
    with pytest.raises(ObjectMissingError):
        files.get("a/two.txt")
    with pytest.raises(PermanentError, match="longer than 3 bytes"):
        files.get("a/one.txt", max_bytes=3)


def test_presigned_addresses_let_others_put_and_get(files):
    headers = {"Content-Type": "text/plain"}
    request("PUT", files.presigned_put("b", "text/plain", 5), content=b"howdy", headers=headers)
    response = request("GET", files.presigned_get("b", filename="note.txt"))
    assert response.body == b"howdy"
    assert response.headers["content-disposition"] == 'attachment; filename="note.txt"'


def test_unavailable_storage_is_a_temporary_error(files, settings):
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(StorageError):
        files.put("c", b"")
