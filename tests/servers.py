"""The PostgreSQL and Valkey of one test run: started before Django's settings load, stopped at its end.

The controller starts PostgreSQL once; each parallel worker has its own database in it and its own Valkey,
since a Valkey's channels are not scoped by database number.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from core.embedded import process
from core.embedded.database import ensure_database
from core.embedded.postgres import UNSAFE_BUT_FAST, Postgres
from core.embedded.valkey import Valkey

PREFIX = "tocsin-tests-"
FOLDER = "TOCSIN_TEST_FOLDER"


def start() -> None:
    """Start what this process needs and point the environment at it."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        _start_postgres()
    _start_valkey()
    os.environ["TOCSIN_ENV"] = "test"
    os.environ["TOCSIN_DATA_DIR"] = str(_own_folder())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def stop() -> None:
    """Stop what this process started; the controller also removes the folder."""
    account = process.server_account()
    Valkey(_own_folder() / "valkey", account).stop()
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        folder = Path(os.environ.pop(FOLDER))
        Postgres(folder / "postgres", account).stop(patience=5)
        shutil.rmtree(folder, ignore_errors=True)


def _start_postgres() -> None:
    _sweep_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    us = process.handle_of(os.getpid())
    assert us is not None
    process.remember(folder / "owner", us)
    server = Postgres(folder / "postgres", process.server_account(), UNSAFE_BUT_FAST)
    os.environ["DATABASE_URL"] = ensure_database(server.start())


def _start_valkey() -> None:
    folder = _own_folder()
    folder.mkdir(mode=0o711, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    os.environ["REDIS_URL"] = Valkey(folder / "valkey", process.server_account()).start()


def _own_folder() -> Path:
    return Path(os.environ[FOLDER]) / os.environ.get("PYTEST_XDIST_WORKER", "main")


def _sweep_leftovers() -> None:
    """Stop the servers of test runs that were killed, told by an owner that no longer runs."""
    account = process.server_account()
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not (folder / "owner").exists() or process.recall(folder / "owner"):
            continue
        Postgres(folder / "postgres", account).stop(patience=5)
        for pid_file in folder.glob("*/valkey/pid"):
            Valkey(pid_file.parent, account).stop()
        shutil.rmtree(folder, ignore_errors=True)
