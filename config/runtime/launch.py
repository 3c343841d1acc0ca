"""`manage.py up`: starts servers, prepares, and supervises all programs."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from pydantic import ValidationError

from config.environment import Environment
from config.paths import DATA_DIR, ROOT
from config.runtime.programs import WORKERS, programs
from config.runtime.servers import Started, own_database, running_servers
from core.embedded import process, supervisor
from core.embedded.children import MARK
from core.embedded.process import StartError

PID_FILE = "supervisor.pid"
# The slowest to load of what all programs need, and may be loaded before there are settings.
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
    """Blocks until a signal ends it. Returns the exit code; a fault is one line on standard error."""
    _set_run_marker()
    gc.disable()  # a fifth of the time of starting, for nothing yet could be collected
    try:
        libraries = Thread(target=_load_libraries, daemon=True)
        libraries.start()  # meanwhile the servers start, which is mostly waiting
        with running_servers() as started:
            libraries.join()  # nothing may run beside us when we fork
            return _run(started)
    except (StartError, OSError) as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def with_database(work: Callable[[], None]) -> None:
    """Do that; where we bring PostgreSQL along and it does not run, it runs meanwhile."""
    try:
        with own_database():
            work()
    except StartError as error:
        sys.exit(f"tocsin: {error}")


def _load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)


def _set_run_marker() -> None:
    """Start over with the mark in our environment, by which a later start finds what we may leave behind."""
    if os.environ.get(MARK) != str(DATA_DIR):
        os.environ |= {MARK: str(DATA_DIR), "TOCSIN_DATA_DIR": str(DATA_DIR), "PYTHONUNBUFFERED": "1"}
        os.execv(sys.executable, [sys.executable, *sys.argv])


def _run(started: Started) -> int:
    os.chdir(ROOT)
    settings = _settings()
    (DATA_DIR / "static").mkdir(exist_ok=True)
    # By name, for settings are read on import and must find the servers named.
    importlib.import_module("django").setup()
    welcome = importlib.import_module("config.runtime.prepare").prepare()
    # What is forked from here has all of it in memory already, the list of static files too.
    importlib.import_module("config.runtime.preload")
    gc.freeze()  # the collector would write to, and so copy, the pages that all of them share
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
