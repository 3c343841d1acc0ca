"""The exercise of `make drill` in its short form: the same steps, with its workers in this process."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack
from ipaddress import ip_network

import pytest
from django.db import connection
from django.utils import timezone

from config.drill import restart
from config.drill.browser import Browser
from config.drill.exercise import Exercise, is_met
from config.drill.receivers import running_receivers
from config.drill.supervisor import ServiceSupervisor
from config.drill.world import COMMAND, ROLLBACK_COMMAND, SERVICE, SILENT, build_world
from config.installation.setup import create_workspace
from core.embedded.process import free_port
from core.queue.runner import run_due as run_queue
from core.queues import CLOCKS, RELAY
from detection.evaluation.services.draining import drain
from notifications.queues import NOTICE, PAGE
from remediation.queues import ACTIONS, RECOVERY
from remediation.recovery.models import HealthProbe, RecoveryWatch, ResponsePolicy
from remediation.runs.models import RemediationRun
from remediation.runs.services.running import run_due
from remediation.vocabulary import LIVE
from tests.forking import close_connections
from tocsin.client import Client


def work(workspace_id):
    """What the workers do between two looks, without their pauses."""
    drain()
    for queue in (RELAY, CLOCKS, ACTIONS, PAGE, NOTICE):
        run_queue(queue, at=timezone.now())
    RemediationRun.objects.of(workspace_id).filter(state__in=LIVE).update(lease_until="2000-01-01T00:00:00Z")
    run_due()
    for model in (RecoveryWatch, HealthProbe):
        model.objects.of(workspace_id).filter(state="pending").update(due_at=timezone.now())
    run_queue(RECOVERY, at=timezone.now())


class Worker:
    """A process of its own that carries out the run whose request gets no reply, to be killed meanwhile."""

    def __init__(self, workspace_id):
        self.workspace_id, self.pid = workspace_id, 0

    def pause(self):
        """Between two looks: the work is done here, but for that run."""
        waiting = RemediationRun.objects.of(self.workspace_id).filter(state="approved", action__slug=SILENT)
        if not self.pid and waiting.exists():
            self.pid = _forked(run_due)
        elif self.pid >= 0 and waiting.exists():
            time.sleep(0.02)
        elif self.pid <= 0:
            work(self.workspace_id)

    def kill(self):
        """At once, while it waits."""
        os.kill(self.pid, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(self.pid, 0)[1]) == signal.SIGKILL
        self.pid = -1


def _forked(task):
    close_connections()
    if pid := os.fork():
        return pid
    try:
        connection._connection_pools.clear()  # the threads of the parent's pool are not in this process
        task()
    finally:
        os._exit(1)


@pytest.mark.django_db(transaction=True)
def test_service_fails_is_restarted_verified_resolved_and_scored(live_server, settings, tmp_path):
    workspace, port, control = create_workspace(slug="drill", name="Drill"), free_port(), free_port()
    settings.DATA_DIR = tmp_path
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    argv = [sys.executable, "-I", restart.__file__, str(control), "{component}"]
    settings.REMEDIATION_COMMANDS = {COMMAND: argv, ROLLBACK_COMMAND: [*argv, "rollback"]}
    settings.MAIL_FROM = "Tocsin <drill@example.com>"
    settings.EMAIL_BACKEND = "core.mail.backend.TimedBackend"
    with ExitStack() as stack:
        receivers = stack.enter_context(running_receivers())
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", receivers.smtp_port
        scenario = build_world(workspace, receivers, f"http://127.0.0.1:{port}/health")
        ResponsePolicy.objects.of(workspace.pk).update(recovery_window_s=1)
        environment = {"TOCSIN_URL": live_server.url, "TOCSIN_TOKEN": scenario.token}
        service = stack.enter_context(
            ServiceSupervisor(SERVICE, port=port, control_port=control, environment=environment)
        )
        client = stack.enter_context(Client(live_server.url, scenario.token))
        worker, manager = Worker(workspace.pk), Browser(live_server.url)
        manager.sign_in(scenario.sign_in)
        exercise = Exercise(
            workspace.pk, client, service, receivers, manager, worker.kill, worker.pause, lambda step: None
        )
        assert exercise.run(), [(step.title, step.detail) for step in exercise.steps]
        assert is_met(exercise.score())
    assert all(step.is_done for step in exercise.steps)
    assert (service.restarts, service.rollbacks) == (1, 1)
    assert service.execute(["restart", "another"]) == "refused: restart another"
