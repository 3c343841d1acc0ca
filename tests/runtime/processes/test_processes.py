"""Servers and programs: found again, restarted, stopped, and never confused with others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.embedded import children, process
from core.embedded.children import MARK, Child, Printer
from core.embedded.process import Handle
from core.embedded.servers import Home
from core.embedded.supervisor import Plan, Supervisor
from core.embedded.valkey import Valkey

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER, start_new_session=True, env={**os.environ, MARK: "sleepers"}) as started:
        yield started
        started.kill()


def test_pid_file_finds_its_process(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    handle = process.handle_of(sleeper.pid)
    assert handle is not None
    process.remember(tmp_path / "pid", handle)
    assert process.recall(tmp_path / "pid") == handle


def test_recycled_pid_is_not_an_own_process(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    process.remember(tmp_path / "pid", Handle(sleeper.pid, born=1.0))
    assert process.recall(tmp_path / "pid") is None
    process.stop(Handle(sleeper.pid, born=1.0))
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "nonsense", "{}", '{"pid": "x"}', "[1]"])
def test_broken_pid_file_finds_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert process.recall(tmp_path / "pid") is None


def test_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True
    ) as started:
        assert started.stdout is not None
        started.stdout.readline()
        handle = process.handle_of(started.pid)
        assert handle is not None
        process.stop(handle, patience=0.2)
        assert started.wait(timeout=5) == -signal.SIGKILL


def test_leftovers_are_recognized_by_their_mark(sleeper: subprocess.Popen[bytes]) -> None:
    assert children.sweep("someone else's") == 0
    assert sleeper.poll() is None
    assert children.sweep("sleepers") == 1
    assert process.handle_of(sleeper.pid) is None


def test_reserved_port_stays_until_it_is_taken(tmp_path: Path) -> None:
    first = process.stored_port(tmp_path / "port")
    assert process.stored_port(tmp_path / "port") == first
    (tmp_path / "port").write_text("not a number")
    assert process.stored_port(tmp_path / "port") > 0


def test_server_started_twice_is_adopted(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    folder = Path(os.environ["TOCSIN_DATA_DIR"]) / "adopted"
    first, again = Valkey(folder, process.server_account()), Valkey(folder, process.server_account())
    url = first.start()
    held = first.handle()
    assert again.start() == url
    assert again.handle() == held
    again.stop()
    assert first.handle() is None


def test_killed_server_restarts_at_the_same_address() -> None:
    server = Valkey(Path(os.environ["TOCSIN_DATA_DIR"]) / "revived", process.server_account())
    url = server.start()
    handle = server.handle()
    assert handle is not None
    os.kill(handle.pid, signal.SIGKILL)
    assert process.wait_until(lambda: server.handle() is None, 30)
    assert server.start() == url
    server.stop()


@pytest.fixture
def printer() -> Iterator[Printer]:
    made = Printer(6)
    yield made
    made.close()


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printer: Printer) -> Iterator[Child]:
    (tmp_path / "sleepy.py").write_text("import time\nimport os; os.write(1, b'awake\\n')\ntime.sleep(60)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Child("sleepy", [sys.executable, "-m", "sleepy"])
    yield made
    made.kill()


def test_program_that_ends_is_started_again(
    child: Child, printer: Printer, capfd: pytest.CaptureFixture[str]
) -> None:
    child.start(printer)
    first = child.pid
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        printer.pump(0.05)
        child.revive(printer)
        return child.running() and child.pid != first

    assert process.wait_until(again, 10)
    assert "sleepy | ended; starting it again" in capfd.readouterr().out


def test_programs_output_carries_its_name(
    child: Child, printer: Printer, capfd: pytest.CaptureFixture[str]
) -> None:
    end = time.monotonic() + 10
    child.start(printer)
    out = ""
    while "awake" not in out and time.monotonic() < end:
        printer.pump(0.1)
        out += capfd.readouterr().out
    assert out.strip().endswith("sleepy | awake")


def test_program_can_be_ended_right_after_its_start(child: Child, printer: Printer) -> None:
    for _ in range(20):
        child.start(printer)
        child.kill()
        assert child.pid == 0


def test_program_that_ends_again_and_again_waits_longer_each_time(child: Child, printer: Printer) -> None:
    pauses = []
    for _ in range(3):
        child.start(printer)
        os.kill(child.pid, signal.SIGKILL)
        assert process.wait_until(lambda: not child.running(), 5)
        child.revive(printer)
        pauses.append(child.pause)
    assert pauses == [1.0, 2.0, 4.0]


def test_starting_one_program_does_not_bury_another(child: Child, printer: Printer) -> None:
    child.start(printer)
    other = Child("other", child.argv)
    os.kill(child.pid, signal.SIGKILL)
    assert process.wait_until(lambda: _is_zombie(child.pid), 5)
    other.start(printer)
    assert _is_zombie(child.pid)
    assert not child.running()
    other.kill()


def _is_zombie(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [("import sys; sys.exit(3)", 3, ""), ("pass", 0, ""), ("1 / 0", 1, "ZeroDivisionError"),
     ("import sys; sys.exit('no')", 1, "")],
)  # fmt: skip
def test_program_ends_with_its_own_exit_code(
    child: Child,
    printer: Printer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    text: str,
    code: int,
    message: str,
) -> None:
    (tmp_path / "sleepy.py").write_text(text)
    child.start(printer)
    ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_status == code
    printer.pump(0.5)
    assert message in capfd.readouterr().out


def test_broken_supervisor_stops_its_programs(
    child: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(Home(tmp_path, tmp_path), process.free_port(), {"sleepy": child.argv})
    supervisor = Supervisor(plan)
    pids = []

    def breaks() -> None:
        pids.append(supervisor.children[0].pid)
        raise OSError("the disk is gone")

    monkeypatch.setattr(supervisor, "_watch", breaks)
    with _signals_restored(), pytest.raises(OSError, match="the disk is gone"):
        supervisor.run()
    supervisor.printer.close()
    assert pids != [0]
    assert not psutil.pid_exists(pids[0])


@contextmanager
def _signals_restored() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
