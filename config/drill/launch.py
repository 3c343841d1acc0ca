"""`manage.py drill`: starts a separate Tocsin in a temporary folder and runs the drill in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import orjson

from config.paths import ROOT
from core.embedded.process import free_port, wait_until

READY: Final = "Tocsin is ready"
READY_WITHIN_S: Final = 600
STOPS_WITHIN_S: Final = 60
# Settings of the drill replace those of the environment, which are for another installation.
_OTHERS: Final = frozenset({"DATABASE_URL", "REDIS_URL", "TOCSIN_ENV", "BASE_URL", "SECRET_KEY"})


def launch() -> int:
    """Run the drill; returns 0 when every step happened and every measure was met."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-drill-"))
    folder.chmod(0o711)
    environment, log = _environment(folder), folder / "up.log"
    try:
        with log.open("wb") as sink:
            up = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                stdout=sink, stderr=sink, start_new_session=True,
            )  # fmt: skip
        try:
            return _in_running(up, log, environment)
        finally:
            _stop(up)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_running(up: subprocess.Popen[bytes], log: Path, environment: dict[str, str]) -> int:
    sys.stdout.write("Starting a Tocsin of its own…\n")
    sys.stdout.flush()
    wait_until(lambda: READY in log.read_text(errors="replace") or up.poll() is not None, READY_WITHIN_S)
    if READY not in log.read_text(errors="replace"):
        sys.stderr.write(log.read_text(errors="replace"))
        return 1
    mine = environment | {"TOCSIN_DRILL_UP": str(up.pid)}
    course = subprocess.run([sys.executable, "manage.py", "drill"], cwd=ROOT, env=mine, check=False)
    return course.returncode


def _environment(folder: Path) -> dict[str, str]:
    port, control, smtp = free_port(), free_port(), free_port()
    restart = [sys.executable, "-I", str(ROOT / "config/drill/restart.py"), str(control), "{component}"]
    return {name: value for name, value in os.environ.items() if name not in _OTHERS} | {
        "TOCSIN_DATA_DIR": str(folder),
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        # the drill needs no storage; a configured one keeps the embedded one from starting
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_ALLOWED_NETWORKS": "127.0.0.0/8",
        "REMEDIATION_COMMANDS": orjson.dumps(
            {"drill_restart": restart, "drill_rollback": [*restart, "rollback"]}
        ).decode(),
        "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "MAIL_FROM": "Tocsin <drill@example.com>",
        "TOCSIN_DRILL_CONTROL": str(control),
        "TOCSIN_DRILL_SMTP": str(smtp),
    }


def _stop(up: subprocess.Popen[bytes]) -> None:
    up.send_signal(signal.SIGINT)
    try:
        up.wait(STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(up.pid, signal.SIGKILL)
        up.wait()
