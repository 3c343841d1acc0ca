"""Webhook and Kubernetes executors against fake servers over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Conflict, Invalid
from core.http.client import HttpPermanentError
from remediation.executors.base import Order, Progress, executor_for
from remediation.executors.placeholders import PlaceholderError, filled
from tests.fakes.receiver import Received, Receiver, Reply, running

pytestmark = pytest.mark.usefixtures("loopback")


class Server:
    """Records requests and returns what a test planned: path -> (status, body)."""

    def __init__(self, receiver: Receiver) -> None:
        self.plans: dict[str, tuple[int, Any]] = {}
        self.receiver, self.url = receiver, receiver.url
        receiver.respond = self._respond

    def _respond(self, received: Received) -> Reply:
        status, body = self.plans.get(received.path.split("?")[0], (200, {}))
        return Reply(status, json.dumps(body).encode())

    @property
    def requests(self) -> list[Received]:
        return self.receiver.received


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that runs for one test."""
    with running(Receiver()) as receiver:
        yield Server(receiver)


def order(config: dict[str, Any], **changes: Any) -> Order:
    values = {
        "run_id": 7,
        "action": "restart_service",
        "target": "checkout",
        "arguments": {},
        "timeout_s": 60,
    }
    return Order(**{**values, "config": config, **changes})


def test_webhook_carries_the_run_and_a_signature(server):
    secret = {"signing_secret": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    config = {"url": f"{server.url}/hooks", "body": {"service": "{component}", "run": "{run}"}}
    report = executor_for("webhook").start(order(config, secrets=secret), {})
    assert report.progress == Progress.SUCCEEDED
    [sent] = server.requests
    headers, body = sent.headers, sent.json()
    assert body == {"service": "checkout", "run": "7"}
    assert headers["webhook-id"] == "run-7"
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    ("status", "progress"), [(200, "succeeded"), (400, "failed"), (401, "failed"), (503, "unknown")]
)
def test_webhook_outcome_follows_the_status(server, status, progress):
    server.plans["/hooks"] = (status, {})
    report = executor_for("webhook").start(order({"url": f"{server.url}/hooks"}), {})
    assert report.progress == Progress(progress)


def test_webhook_that_cannot_connect_failed():
    report = executor_for("webhook").start(order({"url": "http://127.0.0.1:9/"}), {})
    assert report.progress == Progress.FAILED


def test_webhook_with_a_status_address_is_polled_until_done(server):
    config = {
        "url": f"{server.url}/jobs", "status_url": f"{server.url}/jobs/{{run}}", "status_field": "job.status",
        "success_values": ["done"], "failure_values": ["error"],
    }  # fmt: skip
    webhook = executor_for("webhook")
    assert webhook.start(order(config), {}).progress == Progress.RUNNING
    for status, progress in (("running", "running"), ("error", "failed"), ("done", "succeeded")):
        server.plans["/jobs/7"] = (200, {"job": {"status": status}})
        assert webhook.poll(order(config), {}).progress == Progress(progress)


def test_webhook_preview_shows_the_request_and_sends_nothing(server):
    text = executor_for("webhook").preview(order({"url": f"{server.url}/hooks"}))
    assert text.startswith(f"POST {server.url}/hooks\n")
    assert server.requests == []


DEPLOYMENT = {
    "metadata": {
        "resourceVersion": "42",
        "uid": "u1",
        "annotations": {"deployment.kubernetes.io/revision": "3"},
    },
    "spec": {"replicas": 2},
}
PATH = "/apis/apps/v1/namespaces/shop/deployments/checkout"


def kubernetes(server: Server, operation: str, **more: Any) -> Order:
    config = {"server": server.url, "namespace": "shop", "deployment": "{component}", "operation": operation}
    return order({**config, **more}, secrets={"token": "t"})


def test_kubernetes_scale_is_bound_to_the_resource_version_and_the_maximum(server):
    server.plans[PATH] = (200, DEPLOYMENT)
    report = executor_for("kubernetes").start(kubernetes(server, "scale", add=3, max=4), {})
    assert report.progress == Progress.SUCCEEDED
    sent = server.requests[-1]
    patch = sent.json()
    assert (sent.method, sent.headers["authorization"]) == ("PATCH", "Bearer t")
    assert patch["metadata"]["resourceVersion"] == "42"
    assert patch["metadata"]["annotations"] == {"tocsin.dev/run": "7"}
    assert patch["spec"] == {"replicas": 4}


def test_kubernetes_preview_requests_a_dry_run(server):
    server.plans[PATH] = (200, DEPLOYMENT)
    text = executor_for("kubernetes").preview(kubernetes(server, "scale", add=1, max=9))
    assert text.endswith("replicas 2 -> 3")
    assert server.requests[-1].path.endswith("?dryRun=All")


def test_kubernetes_change_since_the_approval_is_refused(server):
    server.plans[PATH] = (200, DEPLOYMENT)
    shown = kubernetes(server, "restart")
    stale = Order(**{**{f: getattr(shown, f) for f in Order.__slots__}, "arguments": {"_preview": "older"}})
    report = executor_for("kubernetes").start(stale, {})
    assert (report.progress, report.code) == (Progress.FAILED, 409)
    assert [sent.method for sent in server.requests] == ["GET"]


def test_kubernetes_rollback_takes_the_revision_before(server):
    server.plans[PATH] = (200, DEPLOYMENT)
    sets = [
        {
            "metadata": {
                "annotations": {"deployment.kubernetes.io/revision": str(n)},
                "ownerReferences": [{"uid": "u1"}],
            },
            "spec": {"template": {"revision": n}},
        }
        for n in (1, 2, 3)
    ]  # fmt: skip
    server.plans[PATH.rsplit("/deployments", 1)[0] + "/replicasets"] = (200, {"items": sets})
    executor_for("kubernetes").start(kubernetes(server, "rollback"), {})
    assert server.requests[-1].json()["spec"]["template"] == {"revision": 2}
    server.plans[PATH.rsplit("/deployments", 1)[0] + "/replicasets"] = (200, {"items": sets[2:]})
    with pytest.raises(Conflict, match="no earlier revision"):
        executor_for("kubernetes").start(kubernetes(server, "rollback"), {})


@pytest.mark.parametrize(("mine", "progress"), [("7", "succeeded"), ("6", "not_started")])
def test_kubernetes_probe_reads_the_annotation(server, mine, progress):
    annotated = {
        **DEPLOYMENT,
        "metadata": {**DEPLOYMENT["metadata"], "annotations": {"tocsin.dev/run": mine}},
    }
    server.plans[PATH] = (200, annotated)
    assert executor_for("kubernetes").probe(kubernetes(server, "restart"), {}).progress == Progress(progress)


def test_kubernetes_refusal_stays_a_refusal(server):
    server.plans[PATH] = (403, {"reason": "Forbidden"})
    assert executor_for("kubernetes").start(kubernetes(server, "restart"), {}).progress == Progress.FAILED
    with pytest.raises(HttpPermanentError):
        executor_for("kubernetes").preview(kubernetes(server, "restart"))


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("webhook", {}, "url"),
        ("webhook", {"url": "file:///etc/passwd"}, "url"),
        ("webhook", {"url": "https://x.example/", "status_url": "https://x.example/"}, "success_values"),
        ("kubernetes", {"server": "https://k", "namespace": "a", "deployment": "b"}, "operation"),
        ("kubernetes", {"server": "k", "namespace": "a", "deployment": "b", "operation": "scale"}, "add"),
        ("command", {"command": "rm"}, "command"),
        ("manual", {"x": 1}, "x"),
    ],
)
def test_wrong_settings_are_named(kind, config, field):
    assert field in {name for name, _ in executor_for(kind).faults(config)}


@pytest.mark.parametrize("value", ["--force", "a;b", "$(id)", "a\nb", "", "x" * 201, "a b|c"])
def test_placeholder_values_that_could_harm_are_refused(value):
    with pytest.raises(PlaceholderError):
        filled("{component}", {"component": value})


def test_command_template_takes_whole_arguments_only(settings):
    settings.REMEDIATION_COMMANDS = {"x": ["/bin/echo", "--name={component}"], "y": ["echo", "a"]}
    for name in ("x", "y"):
        with pytest.raises(Invalid):
            executor_for("command").preview(order({"command": name}))
