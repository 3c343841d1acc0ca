"""`manage.py seed_demo` (or `make demo`): a month of demo incidents in the first workspace."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from accounts.models import Workspace
from config.demo.month import AlreadySeededError, seed_month


class Command(BaseCommand):
    help = "Fill the first workspace with people, components and a month of incidents."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed the month; does nothing if it was seeded before."""
        try:
            workspace = Workspace.objects.order_by("id").first()
        except OperationalError as error:
            raise CommandError("The database cannot be reached. Is `make run` running?") from error
        if workspace is None:
            raise CommandError("There is no workspace yet. Start with `make run`.")
        try:
            count = seed_month(workspace)
        except AlreadySeededError:
            print(f"{workspace.name} has its demo already; nothing was changed.")
        else:
            print(f"{count} incidents of the last 30 days are in {workspace.name}.")
