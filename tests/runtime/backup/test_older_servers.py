"""Restoring on servers that are older than the bundled pg_restore."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from django.utils import timezone

from core.backup import programs
from core.backup.manifest import DUMP
from core.backup.restoring import _copy, known_preamble
from core.backup.writing import write

LINE = b"SET transaction_timeout = 0;\n"
SCRIPT = b"--\nSET lock_timeout = 0;\n" + LINE + b"SET client_encoding = 'UTF8';\nCOPY a FROM stdin;\n" + LINE


@pytest.mark.parametrize("version", [140019, 150018, 160010])
def test_setting_unknown_to_the_server_is_left_out_of_the_preamble_only(version: int) -> None:
    assert known_preamble(SCRIPT, version) == SCRIPT.replace(LINE, b"", 1)
    without = SCRIPT.replace(LINE, b"", 1)
    assert known_preamble(without, version) == without, "of an older pg_restore"


@pytest.mark.parametrize("version", [170000, 180001])
def test_script_is_unchanged_for_servers_that_know_the_setting(version: int) -> None:
    assert known_preamble(SCRIPT, version) == SCRIPT


def test_psql_gets_the_script_for_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "server_version", lambda: 150018)
    (tmp_path / "script").write_bytes(SCRIPT)
    with (
        (tmp_path / "sent").open("wb") as sent,
        subprocess.Popen(["cat", str(tmp_path / "script")], stdout=subprocess.PIPE) as reader,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=sent) as psql,
    ):
        assert _copy(reader, psql)
    assert (tmp_path / "sent").read_bytes().endswith(SCRIPT.replace(LINE, b"", 1) + b"\ncommit;\n")


@pytest.mark.django_db
def test_script_of_the_bundled_program_has_no_unknown_setting(tmp_path: Path) -> None:
    path, _ = write(tmp_path, now=timezone.now())
    with zipfile.ZipFile(path) as archive:
        dump = archive.extract(DUMP, tmp_path)
    with programs.start("pg_restore", "--section=pre-data", "--file=-", dump, connects=False) as program:
        script = programs.pipe(program.stdout).read()
    assert known_preamble(script, 180000) == script
    assert b"transaction_timeout" not in known_preamble(script, 150018)
