"""Runs PostgreSQL's own pg_dump, pg_restore and psql against Django's database."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import IO, Final, cast

import psycopg
from django.db import connection

from core.backup.manifest import BackupError
from core.embedded.postgres import installed_programs

_MAX_REASON_CHARS: Final = 400


def start(
    name: str, *arguments: str, stdin: int | None = None, stdout: int = subprocess.PIPE, connects: bool = True
) -> subprocess.Popen[bytes]:
    """Start the program. Raises BackupError when it is not installed.

    connects: pass the address of Django's database; its password goes through the environment.
    """
    argv = [_path(name), *arguments]
    environment = {**os.environ, "PGAPPNAME": f"tocsin {name}"}
    if connects:
        argv.append(f"--dbname={_raw().info.dsn}")
        environment["PGPASSWORD"] = _raw().info.password
    return subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment)


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a stream of a program that was started with a pipe for it."""
    return cast("IO[bytes]", stream)


def reason(program: subprocess.Popen[bytes]) -> str:
    """Return what an ended program wrote to its standard error, on one line."""
    text = " ".join(pipe(program.stderr).read().decode(errors="replace").split())
    return text[-_MAX_REASON_CHARS:] or f"exit status {program.returncode}"


def server_version() -> int:
    """Return the version of the server as libpq writes it: 150018 is 15.18."""
    return _raw().info.server_version


def _path(name: str) -> str:
    """Return the bundled program if it is at least as new as the embedded server, else the one on PATH."""
    installed = installed_programs()
    if installed is not None and (installed / name).exists():
        return str(installed / name)
    if found := shutil.which(name):
        return found
    raise BackupError(f"{name} is not installed. Nothing was changed; install PostgreSQL's client programs.")


def _raw() -> psycopg.Connection[tuple[object, ...]]:
    connection.ensure_connection()
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection)
