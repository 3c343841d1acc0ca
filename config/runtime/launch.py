"""`manage.py up`: starts servers, prepares, and supervises all programs."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from pydantic import ValidationError

from config.environment import Environment
from config.paths import DATA_DIR, ROOT
from config.runtime.programs import WORKERS, programs
from config.runtime.servers import RunningServers, own_database, running_servers
from core.embedded import process, supervisor
from core.embedded.children import MARK
from core.embedded.process import StartError

PID_FILE = "supervisor.pid"
PR_SET_PDEATHSIG = 1  # of prctl: a signal when the parent ends
# The slowest import that all programs need and that works before settings are loaded.
LIBRARIES = (
    "celery.apps.worker",
    "kombu.transport.redis",
    "psycopg_pool",
    "django.db.models",
    "django.core.handlers.asgi",
    "structlog",
    "granian.cli",
    "markdown_it",
)


def launch() -> int:
    """Run until a signal ends it. Returns the exit code; errors are one line on standard error."""
    _set_run_marker()
    gc.disable()  # saves a fifth of the start time; nothing can be collected yet
    try:
        libraries = Thread(target=_load_libraries, daemon=True)
        libraries.start()  # in parallel with the start of the servers, which is mostly waiting
        with running_servers() as started:
            libraries.join()  # no thread may be running during a fork
            return _run(started)
    except (StartError, OSError) as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def with_database(work: Callable[[], None]) -> None:
    """Run the command; starts the embedded PostgreSQL meanwhile if it is used and not running."""
    try:
        with own_database():
            work()
    except StartError as error:
        sys.exit(f"tocsin: {error}")


def _load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)


def _set_run_marker() -> None:
    """Re-execute with the run's mark in the environment, by which a later start finds orphaned processes."""
    if os.environ.get(MARK) != str(DATA_DIR):
        os.environ |= {MARK: str(DATA_DIR), "TOCSIN_DATA_DIR": str(DATA_DIR), "PYTHONUNBUFFERED": "1"}
        os.execv(sys.executable, [sys.executable, *sys.argv])


def _run(started: RunningServers) -> int:
    os.chdir(ROOT)
    settings = _settings()
    (DATA_DIR / "static").mkdir(exist_ok=True)
    # Imported late: settings are read on import and need the URLs of the servers.
    importlib.import_module("django").setup()
    welcome = _prepared()
    # Forked processes share all of it, also the list of static files.
    importlib.import_module("config.runtime.preload")
    gc.freeze()  # the collector would write to, and so copy, the shared pages
    gc.enable()
    plan = supervisor.Plan(
        home=started.home,
        port=settings.port,
        programs=programs(settings.port, settings.web_workers),
        first="web",
        workers=WORKERS,
        embedded=started.embedded,
        banner=f"{welcome}\n  Ctrl-C stops everything.\n",
        printed=DATA_DIR / "welcome-shown",
    )
    return _supervise(plan, DATA_DIR / PID_FILE)


def _prepared() -> str:
    """Prepare in a forked process: what migrations leave in memory, 90 MiB, would stay in every program."""
    prepare = importlib.import_module("config.runtime.prepare").prepare
    ours, theirs = Pipe(duplex=False)
    child = get_context("fork").Process(target=_send_result, args=(prepare, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        result = ours.recv()
    except EOFError:
        child.join()
        code = child.exitcode or 0
        how = f"exit status {code}" if code >= 0 else f"signal {-code}"
        raise StartError(f"the process that prepares the start ended with {how}") from None
    finally:
        child.terminate()  # of use only if this process was interrupted
        child.join()
    if isinstance(result, Exception):
        raise result
    return str(result)


def _send_result(work: Callable[[], str], result: Connection) -> None:
    """Call a function in this child, which ends with its parent, and send what it returns or raises."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        result.send(work())
    except (StartError, OSError) as error:
        result.send(error)


def _supervise(plan: supervisor.Plan, pid_file: Path) -> int:
    us = process.handle_of(os.getpid())
    if us is not None:
        process.remember(pid_file, us)
    try:
        return supervisor.Supervisor(plan).run()
    finally:
        pid_file.unlink(missing_ok=True)


def _settings() -> Environment:
    try:
        return Environment()
    except ValidationError as error:
        faults = "; ".join(str(fault["msg"]) for fault in error.errors())
        raise StartError(f"the settings are wrong: {faults}") from None
