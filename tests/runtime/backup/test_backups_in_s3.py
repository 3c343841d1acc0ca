"""Backups in the bundled S3 storage: written, read back, and an error when it is unavailable."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command

from config.paths import ROOT
from core.embedded import process
from core.embedded.database import ensure_database
from core.embedded.s3 import S3

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("s3")]
STARTS_WITHIN_S = 60
COPY = "from_s3_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
BUCKET = "nightly"


@pytest.fixture(scope="module")
def storage() -> Iterator[S3]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-s3-"))
    folder.chmod(0o711)
    server = S3(folder / "s3", process.server_account(), fallback=folder / "programs")
    try:
        server.start(patience=STARTS_WITHIN_S)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def named(storage: S3) -> dict[str, str]:
    """What an operator would set."""
    access, secret = storage.keys()
    url = f"http://127.0.0.1:{storage.port()}"
    return {"S3_ENDPOINT_URL": url, "S3_ACCESS_KEY": access, "S3_SECRET_KEY": secret}


@pytest.fixture
def scratch(settings: Any, storage: S3, tmp_path: Path) -> Path:
    """The data folder of a Tocsin with that storage; temporary files of a command are here."""
    for name, value in {**named(storage), "DATA_DIR": tmp_path}.items():
        setattr(settings, name, value)
    return tmp_path


def backed_up(place: str, capsys: pytest.CaptureFixture[str]) -> str:
    """`manage.py backup`. Returns the printed location of the backup."""
    call_command("backup", place)
    return capsys.readouterr().out.split()[0]


@pytest.fixture
def copy_url() -> str:
    """An empty database besides that of the test."""
    server = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"drop database if exists {COPY}")
    return ensure_database(urlunsplit(server._replace(path=f"/{COPY}")))


def restored(place: str, url: str, storage: S3) -> subprocess.CompletedProcess[str]:
    """`manage.py restore` as a process of its own, on the database at `url`."""
    env = os.environ | named(storage) | {"DATABASE_URL": url, "TOCSIN_ENV": "local"}
    argv = [sys.executable, "manage.py", "restore", place]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=200)


def test_backup_goes_to_s3_and_comes_back_whole(workspace, admin, scratch, storage, copy_url, capsys):
    from incidents.correlation.services.opening import declare_incident

    titles = [f"Chäckout {n} is down \N{FIRE}" for n in range(20)]
    for title in titles:
        declare_incident(admin, title=title)
    place = backed_up(f"s3://{BUCKET}/tocsin/prod/", capsys)
    assert re.fullmatch(rf"s3://{BUCKET}/tocsin/prod/tocsin-\d{{8}}-\d{{6}}\.zip", place)
    done = restored(place, copy_url, storage)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(copy_url) as connection:
        rows = connection.execute("select title from incidents_incident order by number").fetchall()
    assert [title for (title,) in rows] == titles
    assert list(scratch.iterdir()) == [], "nothing is left on the disk"


@pytest.mark.whole
def test_backup_that_was_cut_in_the_storage_is_refused(workspace, scratch, storage, copy_url, capsys):
    from core.storage.client import bucket

    place = backed_up(f"s3://{BUCKET}/cut", capsys)
    key, stored = place.removeprefix(f"s3://{BUCKET}/"), bucket(BUCKET)
    whole = stored.get(key)
    stored.put(key, whole[: len(whole) // 2])
    refused = restored(place, copy_url, storage)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    with psycopg.connect(copy_url) as connection:
        assert connection.execute("select to_regclass('incidents_incident')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (["backup", "s3://nightly/x"], {"S3_SECRET_KEY": "not the secret"}),
        (["restore", "s3://nightly/no-such-file.zip"], {}),
        (["restore", "s3://no-such-bucket/x.zip"], {}),
        (["backup", "s3://"], {}),
        (["backup", "s3://Not_A_Bucket/x"], {}),
        (["backup", "s3://nightly/x"], {"S3_ENDPOINT_URL": "http://127.0.0.1:9"}),
    ],
    ids=["wrong secret", "no such file", "no such bucket", "none named", "no name for one", "no one there"],
)
def test_refusal_of_the_storage_has_a_message(workspace, scratch, settings, command, wrong):
    for name, value in wrong.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match=r"(?i)storage|bucket"):
        call_command(*command)
    assert list(scratch.iterdir()) == []


@pytest.mark.whole
def test_storage_killed_and_started_again_takes_the_next_backup(workspace, scratch, storage, capsys):
    handle = storage.handle()
    assert handle is not None
    process.stop(handle, first=signal.SIGKILL)
    with pytest.raises(CommandError, match=r"(?i)storage"):
        call_command("backup", f"s3://{BUCKET}/after")
    storage.start(patience=STARTS_WITHIN_S)
    assert backed_up(f"s3://{BUCKET}/after", capsys).startswith(f"s3://{BUCKET}/after/tocsin-")
