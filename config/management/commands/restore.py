"""`manage.py restore FILE`: restore a backup. `manage.py restore INC-42`: restore an archived incident."""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Workspace
from config.runtime.backups import fetched
from core.backup.manifest import BackupError
from core.backup.restoring import restore
from core.errors import Problem
from core.queue.runner import run_due
from incidents.archive.models import IncidentArchive
from incidents.archive.queues import ARCHIVE
from incidents.archive.services.planning import request_restore

_REFERENCE: Final = re.compile(r"INC-[1-9][0-9]{0,8}", re.I)


class Command(BaseCommand):
    help = "Restore a backup, all or nothing (stop Tocsin's programs first), or one archived incident."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Add FILE, --replace and --workspace."""
        parser.add_argument("file", help="a backup (a file, or s3://bucket/folder/file), or INC-42")
        parser.add_argument("--replace", action="store_true", help="drop what is in the database now")
        parser.add_argument("--workspace", default="", help="the slug of the incident's workspace")

    def handle(self, *args: Any, file: str, replace: bool, workspace: str = "", **options: Any) -> None:
        """Print what was restored; exit code 1 with one line when nothing was changed."""
        if _REFERENCE.fullmatch(file):
            self.stdout.write(_restored(file.upper(), workspace))
            return
        try:
            with fetched(file) as path:
                manifest = restore(path, replace=replace)
        except BackupError as error:
            raise CommandError(str(error)) from error
        print(f"Restored {filesizeformat(manifest.size)}, as of {manifest.made_at}.")
        print("All sessions have ended. Start Tocsin and run manage.py doctor.")


def _restored(reference: str, slug: str) -> str:
    workspaces = list(Workspace.objects.filter(slug=slug) if slug else Workspace.objects.order_by("id")[:2])
    if len(workspaces) != 1:
        raise CommandError("Name the workspace of the incident: --workspace SLUG.")
    actor = system_actor(workspaces[0].pk)
    try:
        planned = request_restore(actor, reference, now=timezone.now())
    except Problem as error:
        raise CommandError(str(error)) from error
    run_due(ARCHIVE)
    rows = IncidentArchive.objects.of(planned.workspace_id).select_related("incident")
    done: IncidentArchive = rows.get(pk=planned.pk)
    if done.phase != IncidentArchive.Phase.RESTORED:
        raise CommandError(f"{reference} was not restored: {done.last_error or done.phase}")
    return f"{reference} {done.incident.title}: restored, {done.rows} rows in its file"
