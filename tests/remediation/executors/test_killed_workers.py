"""kill -9 of the worker at three points × each executor: at most one effect, the state true or unknown."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from remediation.catalogue.services import change_action, ensure_catalogue
from remediation.executors.base import executor_for
from remediation.executors.command import spool_of
from remediation.runs.models import RemediationRun, RunAttempt
from remediation.runs.services import running
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.services.running import run_due
from tests.fakes.receiver import Receiver, Reply
from tests.fakes.receiver import running as serving
from tests.forking import close_connections

pytestmark = pytest.mark.django_db(transaction=True)
POINTS = ("claimed", "acted", "reported")
# A command that leaves grandchildren behind, in sessions of their own, and counts its effect. They carry the
# path of the effects, which no other test has.
SCRIPT = """
import subprocess, sys
sleeper = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)", "sleeper:" + sys.argv[1]]
subprocess.Popen(sleeper, start_new_session=True)
open(sys.argv[1], "a").write("effect\\n")
"""


class Deployment:
    """A Kubernetes API with one deployment; `patches` counts what changed it."""

    def __init__(self) -> None:
        self.patches = 0
        self.metadata = {"resourceVersion": "1", "uid": "u1", "annotations": {}}

    def reply(self, received):
        """GET shows it; PATCH changes it, unless it is a dry run."""
        if received.method == "PATCH" and "dryRun" not in received.path:
            self.patches += 1
            self.metadata["annotations"] = received.json()["metadata"]["annotations"]
        return Reply(200, json.dumps({"metadata": self.metadata, "spec": {"replicas": 1}}).encode())


@pytest.fixture
def target(settings, tmp_path, loopback):
    """`connect(kind)` sets the action up on that executor; `effects()` counts at the target."""
    settings.DATA_DIR = tmp_path
    effects, deployment = tmp_path / "effects", Deployment()
    command = [sys.executable, "-I", "-S", "-c", SCRIPT, str(effects)]
    settings.REMEDIATION_COMMANDS = {"scale_up": command}

    def respond(received):
        return deployment.reply(received) if "/apis/" in received.path else Reply(200, b"{}")

    with serving(Receiver(respond)) as server:
        configs = {
            "command": {"command": "scale_up"},
            "webhook": {"url": f"{server.url}/hook"},
            "kubernetes": {
                "server": server.url, "namespace": "shop", "deployment": "{component}",
                "operation": "restart",
            },
            "manual": {},
        }  # fmt: skip
        counts = {
            "command": lambda: len(effects.read_text().split()) if effects.exists() else 0,
            "webhook": lambda: sum(one.path == "/hook" for one in server.received),
            "kubernetes": lambda: deployment.patches,
            "manual": lambda: 0,
        }
        yield SimpleNamespace(configs=configs, counts=counts, effects=effects)


def killed_at(point, run):
    """Let a forked worker start the run and die there by SIGKILL; returns once it is dead."""
    close_connections()
    pid = os.fork()
    if pid == 0:
        _die_at(point, run)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), status
    assert os.WTERMSIG(status) == signal.SIGKILL


def _die_at(point, run):
    """In the child: with connections of its own, start the run and never return."""

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        executor = executor_for(run.action.executor)
        begin = executor.start
        if point == "claimed":
            running.order_of = die
        elif point == "acted":
            executor.start = lambda *given: die(begin(*given))
        else:
            running.settle = die
        running.start(run)
    finally:
        os._exit(0)  # reached only when it did not die: the parent sees that


def followed(run):
    """The run after the next worker: once it is settled, or after polling for a while."""
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        rows.update(lease_until="2000-01-01T00:00:00Z")
        run_due()
        stored = rows.get()
        if stored.state not in {"claimed", "running", "verifying"}:
            break
        if stored.action.executor == "manual" and stored.state == "running":
            break
        time.sleep(0.05)
    return rows.get()


# Executor -> at each point: effects at the target, and the state that is true of it or `unknown`.
EXPECTED = {
    "command": [(0, "failed"), (1, "unverified"), (1, "unverified")],
    "webhook": [(0, "unknown"), (1, "unknown"), (1, "unknown")],
    "kubernetes": [(0, "failed"), (1, "unverified"), (1, "unverified")],
    "manual": [(0, "running"), (0, "running"), (0, "running")],
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_killed_worker_leaves_one_effect_at_most_and_a_true_record(kind, target, incident, actor, admin):
    ensure_catalogue(incident.workspace_id)
    fields = {"executor": kind, "config": target.configs[kind], "cooldown_s": 0}
    change_action(admin, "scale_up", fields=fields)
    seen = []
    for point in POINTS:
        before = target.counts[kind]()
        run = request_run(actor, incident.number, Request("scale_up", request_key=point))
        killed_at(point, run)
        assert RunAttempt.objects.of(run.workspace_id).filter(run=run).count() == 1
        ended = followed(run)
        seen.append((target.counts[kind]() - before, ended.state))
        again = followed(run)
        assert (again.state, target.counts[kind]() - before) == (ended.state, seen[-1][0])
        _release(run)
    assert seen == EXPECTED[kind]
    deadline = time.monotonic() + 10
    while _left_behind(target.effects) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _left_behind(target.effects) == []


def _release(run):
    """Free the target for the next point: a person records the outcome of the run."""
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    if rows.get().state in {"running", "unknown"}:
        rows.update(state="failed")


def _left_behind(effects):
    commands = [one.info["cmdline"] or () for one in psutil.process_iter(["cmdline"])]
    return [one for one in commands if f"sleeper:{effects}" in one]


def test_command_given_up_before_its_start_never_starts(target, incident, actor, admin):
    """A worker that was stopped for longer than its lease finds the start taken, and acts no more."""
    ensure_catalogue(incident.workspace_id)
    change_action(admin, "scale_up", fields={"executor": "command", "config": target.configs["command"]})
    run = request_run(actor, incident.number, Request("scale_up"))
    claimed = running.claim(run.workspace_id, run.pk)
    assert followed(run).state == "failed"
    executor_for("command").start(running.order_of(claimed), {})
    deadline = time.monotonic() + 10
    while not (spool_of(run.pk) / "refused").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert target.counts["command"]() == 0
    assert followed(run).state == "failed"


def test_command_started_on_another_host_is_left_to_that_host(target, incident, actor, admin):
    ensure_catalogue(incident.workspace_id)
    change_action(admin, "scale_up", fields={"executor": "command", "config": target.configs["command"]})
    run = request_run(actor, incident.number, Request("scale_up"))
    running.claim(run.workspace_id, run.pk)
    attempts = RunAttempt.objects.of(run.workspace_id).filter(run=run)
    attempts.update(host="another-host")
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    rows.update(lease_until="2000-01-01T00:00:00Z")
    run_due()
    assert rows.get().state == "running"
    attempts.update(started_at="2000-01-01T00:00:00Z")
    assert followed(run).state == "unknown"
