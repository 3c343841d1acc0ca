"""One-time preparation before the programs of a version run. Needs Django."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config.assets.build import build_assets
from config.installation.setup import FirstSteps, ensure_first_workspace
from core.embedded.process import StartError
from core.sql.database_url import libpq_parameters
from core.sql.migration_files import unapplied_migrations


def prepare() -> str:
    """Build assets, migrate and create the first workspace, as needed. Returns the welcome message.

    No connection is left open, so that the process may be forked. Raises StartError.
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
    """Create the first workspace.

    A token that was never shown is replaced only by the host that issued it.
    """
    mark = Path(settings.DATA_DIR) / "first-token-made"
    is_ours = mark.exists()
    mark.touch()  # before there is a token: if a start is killed in between, the next one issues another
    first = ensure_first_workspace(is_token_shown=shown_mark().exists() or not is_ours)
    if not first.token and not is_ours:
        mark.unlink()
    return first


def shown_mark() -> Path:
    """Return the path of a file that exists once a start's welcome, with the first token, was printed."""
    return Path(settings.DATA_DIR) / "welcome-shown"


def _reach_database() -> None:
    """Connect once without the pool, whose error would only be a timeout."""
    parameters: dict[str, Any] = {"connect_timeout": 5, **libpq_parameters()}
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        message = " ".join(str(error).split())
        raise StartError(f"the database that DATABASE_URL names cannot be used: {message}") from error


def _migrate() -> None:
    if left := len(unapplied_migrations()):
        sys.stderr.write(f"tocsin: preparing the database, {left} migrations; this may take minutes\n")
        _disable_idle_timeout()
        call_command("migrate", interactive=False, verbosity=0)
        sys.stderr.write("tocsin: the database is prepared\n")


def _disable_idle_timeout() -> None:
    """Disable the idle-in-transaction timeout: a migration may compute long between two statements."""
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
