"""`manage.py drill` (or `make drill`): a service fails, Tocsin restarts it, and the response is scored."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Workspace
from config.drill.browser import Browser
from config.drill.exercise import Exercise, Step, is_met
from config.drill.receivers import running_receivers
from config.drill.supervisor import ServiceSupervisor
from config.drill.world import SERVICE, build_world
from core.embedded.process import free_port
from core.templatetags.ui import compact
from incidents.drills.score import points
from tocsin.client import Client

PAUSE_S = 0.25
WORKER = "tocsin slow"  # the process that executes runs, as `manage.py up` names it


class Command(BaseCommand):
    help = "Run an exercise in a Tocsin of its own: a service fails, is restarted, verified and resolved."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the drill in the Tocsin that `config.drill.launch` started."""
        if "TOCSIN_DRILL_CONTROL" not in os.environ:
            raise CommandError("Start it as a program of its own: python manage.py drill")
        workspace = Workspace.objects.order_by("id").first()
        if workspace is None:
            raise CommandError("There is no workspace.")
        with running_receivers(int(os.environ["TOCSIN_DRILL_SMTP"])) as receivers:
            port = free_port()
            world = build_world(workspace, receivers, f"http://127.0.0.1:{port}/health")
            environment = {"TOCSIN_URL": settings.BASE_URL, "TOCSIN_TOKEN": world.token}
            control = int(os.environ["TOCSIN_DRILL_CONTROL"])
            with (
                ServiceSupervisor(
                    SERVICE, port=port, control_port=control, environment=environment
                ) as service,
                Client(settings.BASE_URL, world.token) as client,
            ):
                manager = Browser(settings.BASE_URL)
                manager.sign_in(world.sign_in)
                exercise = Exercise(
                    world.workspace_id, client, service, receivers, manager, _kill_worker,
                    lambda: time.sleep(PAUSE_S), self._say,
                )  # fmt: skip
                is_done = exercise.run()
                self._close(exercise, is_done)

    def _say(self, step: Step) -> None:
        mark = "ok    " if step.is_done else "MISSED"
        detail = f" ({step.detail})" if step.detail else ""
        self.stdout.write(f"  {mark} {step.after_s:6.1f} s  {step.title}{detail}")
        self.stdout.flush()

    def _close(self, exercise: Exercise, is_done: bool) -> None:
        card = exercise.score()
        met, total = points(card)
        self.stdout.write(f"\nScore: {met} of {total} met")
        for one in card:
            took = "never" if one.took is None else compact(one.took)
            target = "no target" if one.target is None else f"target {compact(one.target)}"
            self.stdout.write(f"  {one.title:26} {took:>8}  {target:18} {one.verdict}")
        if not is_done or not is_met(card):
            raise CommandError("The exercise failed.")
        self.stdout.write("The exercise passed.")


def _kill_worker() -> None:
    up = psutil.Process(int(os.environ["TOCSIN_DRILL_UP"]))
    workers = [child for child in up.children() if child.name() == WORKER]
    if not workers:
        raise CommandError(f"There is no process {WORKER!r} to kill.")
    for worker in workers:
        worker.kill()
