"""One-time preparation before the programs of a version run. Needs Django."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.assets.build import build_assets
from config.installation.setup import FirstSteps, ensure_first_workspace
from core.embedded.process import StartError
from core.sql.database_url import libpq_parameters


def prepare() -> str:
    """Assets, migrations, the first workspace, each skipped when it is there. Returns the welcome.

    No connection is open afterwards, so that the process may be forked. Raises StartError.
    """
    build_assets()
    _reach_database()
    try:
        _migrate()
        return _welcome(first_steps())
    finally:
        held: Any = connection
        held.close()
        held.close_pool()


def first_steps() -> FirstSteps:
    """A token that was never shown is replaced by the host that made it, not by another beside it."""
    mark = Path(settings.DATA_DIR) / "first-token-made"
    is_ours = mark.exists()
    mark.touch()  # before there is a token: a start killed in between makes another one the next time
    first = ensure_first_workspace(is_token_shown=shown_mark().exists() or not is_ours)
    if not first.token and not is_ours:
        mark.unlink()
    return first


def shown_mark() -> Path:
    """A file that exists once the welcome of a start was printed, and with it the first token."""
    return Path(settings.DATA_DIR) / "welcome-shown"


def _reach_database() -> None:
    """Ask once, without the pool, which would only say that it waited in vain."""
    try:
        psycopg.connect(**libpq_parameters(), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        raise StartError(f"the database that DATABASE_URL names cannot be used: {said}") from error


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if left := len(executor.migration_plan(executor.loader.graph.leaf_nodes())):
        sys.stderr.write(f"tocsin: preparing the database, {left} migrations; this may take minutes\n")
        _let_transactions_wait()
        call_command("migrate", interactive=False, verbosity=0)
        sys.stderr.write("tocsin: the database is prepared\n")


def _let_transactions_wait() -> None:
    """Django may compute between two statements of a migration for longer than the server lets a
    transaction be idle."""
    with connection.cursor() as cursor:
        cursor.execute("set idle_in_transaction_session_timeout = 0")


def _welcome(first: FirstSteps) -> str:
    lines = ["", f"  Tocsin is ready: {settings.BASE_URL}"]
    if first.sign_in_url_path:
        lines.append(f"  Sign in once:    {settings.BASE_URL}{first.sign_in_url_path}")
    if first.token:
        lines.append(f"  API token:       {first.token}  (shown this once)")
    if settings.TOCSIN_OPEN_LOOPBACK:
        lines.append("  This machine may call the API without a token.")
    return "\n".join(lines)
