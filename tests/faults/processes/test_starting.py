"""`manage.py up`: how it ends, cleanup after a killed run, and errors that stop it at once."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.paths import ROOT
from core.embedded.process import wait_until
from tests.faults.running import Running, running

# In one group, so that one process starts one Tocsin for all of them.
pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("starting"), pytest.mark.timeout(600)]
LINE = re.compile(r"^tocsin: .+$", re.M)


@pytest.fixture(scope="module")
def installation() -> Iterator[Running]:
    with running(is_migrated=False) as one:
        yield one


@pytest.fixture
def tocsin(installation: Running) -> Running:
    """One that runs, also after a test that ended it."""
    if installation.up is None or installation.up.poll() is not None:
        installation.start()
    return installation


def one_line(tocsin: Running, **changes: str) -> str:
    """The message of a start that fails: one line, and exit status 1."""
    finished = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=tocsin.environment | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1, finished.stderr
    assert LINE.fullmatch(finished.stderr.strip()), finished.stderr
    return finished.stderr


def are_gone(found: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in found)


def test_a_second_start_from_the_same_folder_is_refused(tocsin: Running) -> None:
    assert tocsin.up is not None
    assert f"already runs from this folder (process {tocsin.up.pid})" in one_line(tocsin)
    assert tocsin.status() == "ready"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("taken", "cannot be used"),
        ("70000", "65535"),
        *(pytest.param(port, "from 1 to 65535", marks=pytest.mark.whole) for port in ("0", "http")),
    ],
)
def test_invalid_port_is_a_one_line_error(tmp_path: Path, named: str, message: str) -> None:
    tocsin = Running(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1]) if named == "taken" else named
        assert message in one_line(tocsin, PORT=port)
    assert tocsin.leftovers() == []


def test_invalid_folder_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert one_line(Running(tmp_path), TOCSIN_DATA_DIR=str(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nowhere"}, marks=pytest.mark.whole),
        pytest.param({"DATABASE_URL": "mysql://127.0.0.1/tocsin"}, marks=pytest.mark.whole),
        {"TOCSIN_ENV": "production"},
    ],
    ids=["no-server", "other-database", "production-half-set"],
)
def test_invalid_servers_and_settings_are_one_line_errors(tmp_path: Path, changes: dict[str, str]) -> None:
    tocsin = Running(tmp_path)
    assert one_line(tocsin, **changes)
    assert wait_until(lambda: are_gone(tocsin.leftovers()), 10)


def test_six_bursts_of_the_script_open_six_incidents(tocsin: Running) -> None:
    [before] = tocsin.row("select count(*) from incidents_incident")
    script = ROOT / "scripts" / "create_incidents.sh"
    message = subprocess.run(["sh", str(script), tocsin.url], capture_output=True, timeout=120, check=True)
    assert message.stdout
    opened = "select count(*), min(event_count) >= 5 from incidents_incident"
    assert tocsin.until(lambda: tocsin.row(opened) == (before + 6, True), 10), tocsin.row(opened)


@pytest.mark.whole
def test_two_folders_run_side_by_side(tocsin: Running) -> None:
    with running() as other:
        assert (tocsin.status(), other.status()) == ("ready", "ready")
        assert other.postgres.port != tocsin.postgres.port


@pytest.mark.whole
def test_leftovers_of_a_killed_run_are_removed_and_its_data_remains(tocsin: Running) -> None:
    assert tocsin.up is not None
    [before] = tocsin.row("select count(*) from accounts_workspace")
    left = [*tocsin.programs("web"), *tocsin.programs("slow"), *tocsin.programs("beat")]
    tocsin.up.kill()
    tocsin.up.wait()
    assert not any(are_gone([one]) for one in left)
    tocsin.start()
    assert tocsin.until(lambda: are_gone(left), 180), left
    assert tocsin.until(lambda: tocsin.status() == "ready" and tocsin.programs("beat"), 180), tocsin.log()
    assert tocsin.row("select count(*) from accounts_workspace") == (before,)


@pytest.mark.parametrize("sent", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.whole)])
def test_signal_ends_everything_in_order(tocsin: Running, sent: signal.Signals) -> None:
    assert tocsin.up is not None
    running_now = tocsin.leftovers()
    assert len(running_now) > 5
    os.kill(tocsin.up.pid, sent)
    assert tocsin.up.wait(timeout=60) == 0
    assert wait_until(lambda: are_gone(running_now), 10), [one.name() for one in running_now]
    assert tocsin.leftovers() == []
    message = tocsin.log()
    assert "Traceback" not in message
