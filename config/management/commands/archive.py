"""`manage.py archive --older 90d`: move old incidents to object storage."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Workspace
from core.queue.runner import run_due
from incidents.archive.models import IncidentArchive
from incidents.archive.queues import ARCHIVE
from incidents.archive.services.planning import candidates, plan_archives
from incidents.models import Incident

_AGE: Final = re.compile(r"([1-9][0-9]{0,4})d?")


class Command(BaseCommand):
    help = "Move the timeline and events of incidents resolved long ago to object storage."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --older, --workspace and --dry-run."""
        parser.add_argument("--older", default="30d", help="days since the resolution: 90d")
        parser.add_argument("--workspace", default="", help="its slug; by default every workspace")
        parser.add_argument("--dry-run", action="store_true", help="only print what would be done")

    def handle(self, *args: Any, older: str, workspace: str, dry_run: bool, **options: Any) -> None:
        """Print one line per incident; exit code 1 when one could not be archived."""
        if not (age := _AGE.fullmatch(older)):
            raise CommandError(f"--older must be a number of days such as 90d, not {older!r}.")
        workspaces = Workspace.objects.order_by("id")
        if workspace and not (workspaces := workspaces.filter(slug=workspace)):
            raise CommandError(f"There is no workspace {workspace!r}.")
        lines = [line for one in workspaces for line in self._archive(one.pk, int(age[1]), dry_run)]
        self.stdout.write("\n".join(lines) or "Nothing is that old.")
        if any(line.startswith("Failed") for line in lines):
            raise CommandError("Some incidents were not archived; they are tried again by the worker.")

    def _archive(self, workspace_id: int, days: int, dry_run: bool) -> list[str]:
        now = timezone.now()
        found = candidates(workspace_id, before=now - timedelta(days=days), now=now)
        ready = [incident for incident, why in found if not why]
        excluded = [f"{_name(incident)}: stays, {why}" for incident, why in found if why]
        if dry_run:
            return [*(f"{_name(one)}: would be archived" for one in ready), *excluded]
        plan_archives(workspace_id, ready, by="manage.py archive")
        run_due(ARCHIVE)
        rows = IncidentArchive.objects.of(workspace_id).filter(incident__in=ready)
        done = rows.select_related("incident").order_by("incident__number")
        return [*(_outcome(one) for one in done), *excluded]


def _name(incident: Incident) -> str:
    return f"{incident.reference} {incident.title}"


def _outcome(one: IncidentArchive) -> str:
    if one.phase == IncidentArchive.Phase.ARCHIVED:
        return f"{_name(one.incident)}: archived, {one.rows} rows in {one.key}"
    return f"Failed: {_name(one.incident)}: {one.last_error or one.phase}"
