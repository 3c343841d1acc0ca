"""`python -m bench.collector [--megabytes 20] [--sos]`: time, memory, size and remaining secrets of a bundle.

A log of ordinary lines of which one in twenty holds a secret is collected with the default probes; with --sos
also by `sos report --batch` (plug-ins of about the same contents) as it comes and with `--clean`, for which
the log is placed below /var/log for the moment. Exit status 1 when a secret is left in the bundle.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.runtime.redaction.first_harmless import HARMLESS
from tests.runtime.redaction.first_plain import PLAIN
from tests.runtime.redaction.shapes import lines
from tocsin.packing import build_collector

SECRET_IN: Final = 20
VAR_LOG: Final = Path("/var/log/messages-tocsin-bench")
PLUGINS: Final = "logs,system,process,memory,networking,filesys,block,kernel,host,date,systemd,services"
TIMEOUT_S: Final = 900


@dataclass(frozen=True)
class Ran:
    """What a program took."""

    wall_s: float
    cpu_s: float
    rss_mib: float


def ran(argv: Sequence[str]) -> Ran:
    """Run a program and its children; raises RuntimeError if it fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if status:
            output.seek(0)
            raise RuntimeError(output.read().decode(errors="replace")[-2000:])
    return Ran(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write_log(file: Path, megabytes: int) -> list[Any]:
    """Write the log; returns its lines with secrets."""
    secrets, harmless = lines(PLAIN, 5_000, 11), lines(HARMLESS, 5_000, 12)
    dice, size, planted = random.Random(1), 0, []
    with file.open("w") as log:
        while size < megabytes * 1_000_000:
            is_secret = dice.randrange(SECRET_IN) == 0
            line = secrets[len(planted) % len(secrets)] if is_secret else dice.choice(harmless)
            planted += [line] if is_secret else []
            size += log.write(f"{line.text}\n")
    return planted[: len(secrets)]


@contextmanager
def below_var_log(log: Path) -> Iterator[None]:
    """The log where sos reads it, for the moment."""
    VAR_LOG.write_bytes(log.read_bytes())
    try:
        yield
    finally:
        VAR_LOG.unlink()


def text_of(archive: Path) -> str:
    """Everything in a zip or a tar, as text."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            return "\n".join(packed.read(name).decode(errors="replace") for name in packed.namelist())
    with tarfile.open(archive) as unpacked:
        read = [unpacked.extractfile(one) for one in unpacked if one.isfile()]
        return "\n".join(one.read().decode(errors="replace") for one in read if one is not None)


def report(name: str, took: Ran, archive: Path, planted: Sequence[Any]) -> int:
    """Print one row; returns how many secrets are left."""
    shown = text_of(archive)
    left = sum(1 for line in planted if line.leaks(shown))
    size = archive.stat().st_size / 1_000_000
    print(
        f"{name:22} {took.wall_s:6.1f} s  {took.cpu_s:6.1f} s of processor time  {took.rss_mib:5.0f} MiB  "
        f"{size:6.2f} MB packed, {len(shown) / 1_000_000:6.1f} MB text  {left} of {len(planted)} left",
        flush=True,
    )
    return left


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.collector", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=20, help="size of the log")
    parser.add_argument("--sos", action="store_true", help="compare with sos report, as root")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made:
        folder = Path(made)
        log, program = folder / "app.log", folder / "collector.pyz"
        planted = write_log(log, options.megabytes)
        build_collector(program)
        argv = [sys.executable, "-I", "-S", str(program), "create", "--summary", "Bench", "--no-upload"]
        took = ran([*argv, "--output", str(folder / "bundles"), "--logs", str(log)])
        left = report("collector", took, next((folder / "bundles").glob("*.zip")), planted)
        if options.sos:
            with below_var_log(log):
                _sos(folder, planted, "sos report")
                _sos(folder, planted, "sos report --clean", "--clean")
    print(f"load average {os.getloadavg()[0]:.1f}")
    return 1 if left else 0


def _sos(folder: Path, planted: Sequence[Any], name: str, *more: str) -> None:
    where = folder / name.replace(" ", "")
    where.mkdir()
    argv = ["sos", "report", "--batch", f"--only-plugins={PLUGINS}", "--tmp-dir", str(where), *more]
    took = ran(["timeout", str(TIMEOUT_S), *argv])
    report(name, took, max(where.glob("*.tar*"), key=lambda one: one.stat().st_size), planted)


if __name__ == "__main__":
    sys.exit(main())
