"""kill -9 of the worker at every step × each executor: at most one effect, the state true or unknown.

`make test` takes three of the steps, `make faults` all of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from remediation.catalogue.services import change_action, ensure_catalogue
from remediation.executors import kubernetes, webhook
from remediation.executors.base import executor_for
from remediation.executors.command import spool_of
from remediation.runs.models import RemediationRun, RunAttempt
from remediation.runs.services import running, settling
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.services.running import run_due
from tests.fakes.receiver import Receiver, Reply
from tests.fakes.receiver import running as serving
from tests.forking import close_connections
from tests.tables import WHOLE

pytestmark = pytest.mark.django_db(transaction=True)
# Claim: in its transaction, committed. Executor: before and after it acts, returned. Settling: handle stored,
# in its transaction before and after the state is moved, committed. Then the next worker, which follows a run
# whose worker died after its claim: before it asks the executor, and before it settles.
POINTS = (
    "claiming", "claimed", "prepared", "sent", "acted", "remembered", "settling", "moved", "settled",
    "following", "followed",
)  # fmt: skip
SHORT = ("claimed", "acted", "settling")
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
    if point in {"following", "followed"}:
        killed_at("claimed", run)
    close_connections()
    pid = os.fork()
    if pid == 0:
        _die_at(point, run)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), (point, status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def _then_die(function):
    return lambda *given, **more: _die(function(*given, **more))


def _die_at(point, run):
    """In the child: with connections of its own, start or follow the run and never return."""
    try:
        _arm(point, executor_for(run.action.executor))
        if point in {"following", "followed"}:
            rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
            rows.update(lease_until="2000-01-01T00:00:00Z")
            running.follow(rows.get())
        else:
            running.start(run)
    finally:
        os._exit(0)  # reached only when it did not die: the parent sees that


def _arm(point, executor):
    """Make the step end this process."""
    if point in {"prepared", "sent"}:
        _arm_executor(point, executor)
    elif point == "claiming":
        RunAttempt.save = _then_die(RunAttempt.save)
    elif point == "acted":
        executor.start = _then_die(executor.start)
    elif point == "settled":
        running.settle = _then_die(running.settle)
    elif point in {"settling", "moved"}:
        name = {"settling": "_keep_output", "moved": "move"}[point]
        setattr(settling, name, _then_die(getattr(settling, name)))
    else:
        names = {"claimed": "order_of", "remembered": "settle", "following": "_poll", "followed": "settle"}
        setattr(running, names[point], _die)


def _arm_executor(point, executor):
    """Die immediately before or after the call that has the effect."""
    if executor.kind == "manual":
        executor.start = _die if point == "prepared" else _then_die(executor.start)
    elif executor.kind == "command":
        subprocess.run = _die if point == "prepared" else _then_die(subprocess.run)
    else:
        module = {"webhook": webhook, "kubernetes": kubernetes}[executor.kind]
        request = module.request
        act = _die if point == "prepared" else _then_die(request)
        module.request = lambda method, *given, **more: (request if method == "GET" else act)(
            method, *given, **more
        )


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


# Executor -> the points at which nothing had been done, that at which it is done later by another worker, and
# the others; of each: effects at the target, and the state that is true of it or `unknown`.
IDLE = {"claimed", "prepared", "following", "followed"}
EXPECTED = {
    "command": [(0, "failed"), (1, "unverified"), (1, "unverified")],
    "webhook": [(0, "unknown"), (1, "unknown"), (1, "unverified")],
    "kubernetes": [(0, "failed"), (1, "unverified"), (1, "unverified")],
    "manual": [(0, "running"), (0, "running"), (0, "running")],
}


def expected(kind, point):
    """Effects at the target and the state."""
    idle, acted, not_lost = EXPECTED[kind]
    if point in {"claiming", "settled"}:  # nothing was claimed yet, or all is stored
        return not_lost
    return idle if point in IDLE else acted


@pytest.mark.parametrize("kind", EXPECTED)
def test_killed_worker_leaves_one_effect_at_most_and_a_true_record(kind, target, incident, actor, admin):
    ensure_catalogue(incident.workspace_id)
    fields = {"executor": kind, "config": target.configs[kind], "cooldown_s": 0}
    change_action(admin, "scale_up", fields=fields)
    for point in POINTS if WHOLE else SHORT:
        before = target.counts[kind]()
        run = request_run(actor, incident.number, Request("scale_up", request_key=point))
        killed_at(point, run)
        attempts = RunAttempt.objects.of(run.workspace_id).filter(run=run)
        assert attempts.count() == (0 if point == "claiming" else 1), point
        ended = followed(run)
        seen = (target.counts[kind]() - before, ended.state)
        assert seen == expected(kind, point), point
        again = followed(run)
        assert (target.counts[kind]() - before, again.state) == seen, point
        assert attempts.count() == 1, point
        _release(run)
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
