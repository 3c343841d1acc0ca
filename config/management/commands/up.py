"""`manage.py up`: everything, in one command. `manage.py` starts the servers before this loads."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from config import servers, setup
from config.assets import build_assets
from config.environment import ROOT
from config.programs import WORKERS, programs
from core.embedded import children, supervisor
from core.embedded.process import StartError


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey and S3 unless given, migrate, build, then run web, workers and beat."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then become the supervisor."""
        try:
            build_assets()
        except (StartError, OSError) as error:
            raise CommandError(str(error)) from error
        self._migrate()
        banner = self._banner(setup.ensure_first_workspace())
        connections.close_all()
        self._become_supervisor(banner)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database")
            call_command("migrate", interactive=False, verbosity=0)
            call_command("createcachetable", verbosity=0)

    def _banner(self, first: setup.FirstSteps) -> str:
        lines = ["", f"  Tocsin is ready: {settings.BASE_URL}"]
        if first.sign_in_url_path:
            lines.append(f"  Sign in once:    {settings.BASE_URL}{first.sign_in_url_path}")
        if first.token:
            lines.append(f"  API token:       {first.token}  (shown this once)")
        if settings.TOCSIN_OPEN_LOOPBACK:
            lines.append("  This machine may call the API without a token.")
        return "\n".join([*lines, "  Ctrl-C stops everything.", ""])

    def _become_supervisor(self, banner: str) -> None:
        started = servers.STARTED[0]
        plan = supervisor.Plan(
            data_dir=str(settings.DATA_DIR),
            home=str(started.home.folder),
            port=settings.ENVIRONMENT.port,
            programs=programs(settings.ENVIRONMENT.port, settings.WEB_WORKERS),
            preload="config.preload",
            first="web",
            workers=list(WORKERS),
            embedded=list(started.embedded),
        )
        path = settings.DATA_DIR / "plan.json"
        plan.write(path)
        os.environ[supervisor.BANNER] = banner
        os.environ[children.MARK] = plan.data_dir
        os.environ["PYTHONUNBUFFERED"] = "1"
        os.chdir(ROOT)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "core.embedded.supervisor", str(path)])
