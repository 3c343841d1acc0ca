"""Placeholders declare their values; an unknown one is refused when saved and when requested."""

from __future__ import annotations

import sys

import orjson
import pytest

from core.errors import Invalid
from core.health.checks import CHECKS
from core.secrets.encryption import encrypt
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.presets import presets
from remediation.catalogue.services import change_action
from remediation.executors.base import Order, Progress, executor_for
from remediation.executors.placeholders import PlaceholderError, filled, placeholders_in
from remediation.runs.models import RemediationRun
from remediation.runs.services.proposing import Request, request_run
from tests.fakes.receiver import Receiver, Reply, running
from tests.web.signed_in import browser_for

PRINTS = "import sys; print(sys.argv[1:])"
COUNT = [sys.executable, "-c", PRINTS, "{component}", "{replicas:1..10}", "{mode:fast|safe}"]


@pytest.mark.parametrize(
    ("text", "value", "becomes"),
    [
        ("{x:1..10}", 10, "10"), ("{x:1..10}", "1", "1"), ("{x:0..5}", "007", None), ("{x:1..10}", 0, None),
        ("{x:1..10}", 11, None), ("{x:1..10}", "-1", None), ("{x:1..10}", "3; ls", None),
        ("{x:1..10}", "٣", None), ("{x:1..10}", True, None), ("{x:fast|safe}", "safe", "safe"),
        ("{x:fast|safe}", "fast|safe", None), ("{x:fast|safe}", "", None), ("{x:text}", "main", "main"),
        ("{x:text}", "--force", None), ("{x:text}", "$(id)", None),
    ],
    ids=lambda one: ascii(one),
)  # fmt: skip
def test_placeholder_accepts_only_its_declared_values(text, value, becomes):
    if becomes is None:
        with pytest.raises(PlaceholderError, match="x: "):
            filled(text, {"x": value})
    else:
        assert filled(text, {"x": value}) == becomes


@pytest.mark.parametrize(
    "text", ["{other}", "{x:}", "{x:5..1}", "{x:one}", "{x:a|a}", "{x:-f|b}", "{run:1..2}"]
)
def test_placeholder_that_means_nothing_is_refused(text):
    with pytest.raises(PlaceholderError):
        placeholders_in({"deep": ["in", {"a": text}]})


def test_placeholder_with_two_types_is_refused():
    with pytest.raises(PlaceholderError, match="two different types"):
        placeholders_in(["{x:1..2}", "{x:1..3}"])


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (["/bin/echo", "{other}"], "{other} is unknown"), (["echo", "{component}"], "absolute path"),
        (["/bin/echo", "--name={component}"], "whole argument"), (["/bin/echo", "{n:9..1}"], "range"),
        ([], "absolute"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_command_with_a_wrong_template_is_refused_when_saved(admin, settings, template, message):
    settings.REMEDIATION_COMMANDS = {"x": template}
    with pytest.raises(Invalid) as refused:
        change_action(admin, "scale_up", fields={"executor": "command", "config": {"command": "x"}})
    assert message in refused.value.faults[0].message


@pytest.mark.parametrize(
    "config",
    [
        {"url": "https://x.example/{other}"}, {"url": "https://x.example/", "body": {"a": ["{other}"]}},
        {"url": "https://x.example/", "status_url": "https://x.example/{id}", "success_values": ["ok"]},
        {"url": "https://{component}.example/"}, {"url": "https://x.example:{port:1..9}/"},
    ],
    ids=["address", "body", "id without id_field", "host", "port"],
)  # fmt: skip
@pytest.mark.django_db
def test_webhook_with_an_unknown_placeholder_is_refused_when_saved(admin, config):
    with pytest.raises(Invalid, match="not saved"):
        change_action(admin, "scale_up", fields={"executor": "webhook", "config": config})


@pytest.fixture
def counted(connect, settings):
    """scale_up takes a number and a mode."""
    connect("scale_up")
    settings.REMEDIATION_COMMANDS = {"scale_up": COUNT}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "replicas:1..10} has no value"), ({"replicas": 11, "mode": "fast"}, "from 1 to 10"),
        ({"replicas": 1, "mode": "rm"}, "fast, safe"),
        ({"replicas": 1, "mode": "fast", "x": 1}, "x is not a parameter"),
    ],
    ids=["missing", "out of range", "no choice", "unknown"],
)  # fmt: skip
@pytest.mark.django_db
def test_request_with_wrong_values_is_refused_and_starts_nothing(
    incident, actor, counted, arguments, message
):
    with pytest.raises(Invalid) as refused:
        request_run(actor, incident.number, Request("scale_up", arguments=arguments))
    assert message.split("}")[-1].strip() in refused.value.detail
    assert not RemediationRun.objects.of(incident.workspace_id).exists()


@pytest.mark.django_db
def test_page_has_the_values_shows_the_dry_run_and_runs_it(incident, actor, counted, finish):
    browser, where = browser_for(actor), {"incident": incident.reference, "action": "scale_up"}
    page = browser.get("/remediation/new", where).content.decode()
    assert 'name="arg-replicas"' in page
    assert "Run now" not in page
    assert (
        "less than or equal to 10"
        in browser.get("/remediation/new", where | {"arg-replicas": "99"}).content.decode()
    )
    values = {"arg-replicas": "3", "arg-mode": "safe"}
    shown = browser.get("/remediation/new", where | values).content.decode()
    assert "checkout\n3\nsafe" in shown
    assert 'name="arg-replicas" value="3"' in shown
    assert browser.post("/remediation/new", where | {"arg-replicas": "99"}).status_code == 422
    assert browser.post("/remediation/new", where | values | {"request_key": "k"}).status_code == 303
    run = RemediationRun.objects.of(incident.workspace_id).get()
    assert finish(run).output == "['checkout', '3', 'safe']\n"


@pytest.mark.parametrize("slug", ["rundeck", "awx", "github"])
@pytest.mark.django_db
def test_preset_is_shown_unsaved_and_can_be_saved(admin, slug):
    browser, preset = browser_for(admin), presets()[slug]
    page = browser.get(f"/remediation/actions/scale_up?preset={slug}").content.decode()
    assert "Nothing is saved yet" in page
    assert preset.config["status_url"] in page
    saved = change_action(admin, "scale_up", fields={"executor": "webhook", "config": dict(preset.config)})
    assert saved.executor == "webhook"


# The response of each system to the start, and its later statuses: running, succeeded, failed.
REPLIES = {
    "rundeck": ({"id": 42}, {"status": "running"}, {"status": "succeeded"}, {"status": "aborted"}),
    "awx": ({"job": 42}, {"status": "pending"}, {"status": "successful"}, {"status": "canceled"}),
    "github": ({"workflow_run_id": 42}, {"conclusion": None}, {"conclusion": "success"},
               {"conclusion": "failure"}),
}  # fmt: skip


@pytest.mark.parametrize("slug", REPLIES)
def test_preset_starts_the_work_and_polls_its_outcome(loopback, slug):
    started, runs, well, badly = REPLIES[slug]
    replies = iter([started, runs, well, badly])
    with running(Receiver(lambda received: Reply(200, orjson.dumps(next(replies))))) as server:
        config = dict(presets()[slug].config)
        for name in ("url", "status_url"):
            config[name] = server.url + "/" + config[name].split("/", 3)[3]
        order, handle = Order(7, "scale_up", "checkout", {}, config, 60, secrets={"token": "t"}), {}
        webhook = executor_for("webhook")
        assert webhook.start(order, handle).progress == Progress.RUNNING
        assert handle == {"id": 42}
        progress = [webhook.poll(order, handle).progress for _ in range(3)]
    assert progress == [Progress.RUNNING, Progress.SUCCEEDED, Progress.FAILED]
    assert server.received[0].json().get("extra_vars") in (None, {"component": "checkout", "tocsin_run": "7"})
    assert "42" in server.received[1].path
    assert "{" not in server.received[1].path
    header = config.get("header_name", "Authorization").lower()
    assert {one.headers[header] for one in server.received} == {"t"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"job": null}', b'{"job": {"a": 1}}'], ids=range(4))
def test_reply_without_the_id_leaves_the_outcome_unknown(loopback, body):
    with running(Receiver(lambda received: Reply(200, body))) as server:
        config = {
            "url": server.url,
            "status_url": server.url + "/{id}",
            "id_field": "job",
            "success_values": ["ok"],
        }
        order, handle = Order(7, "scale_up", "checkout", {}, config, 60), {}
        report = executor_for("webhook").start(order, handle)
        assert (report.progress, handle) == (Progress.UNKNOWN, {})
        assert executor_for("webhook").probe(order, handle).progress == Progress.UNKNOWN
    assert len(server.received) == 1


def test_value_in_an_address_stays_one_part_of_it():
    config = {"url": "https://x.example/jobs/{component}/run?on={branch:text}"}
    page = Order(7, "scale_up", "a/../../admin", {"branch": "x@y/z"}, config, 60)
    assert executor_for("webhook").preview(page).splitlines()[0] == (
        "POST https://x.example/jobs/a%2F..%2F..%2Fadmin/run?on=x%40y%2Fz"
    )
    with pytest.raises(PlaceholderError):
        filled("{component}", {"component": "checkout\n"})


@pytest.mark.django_db
def test_secrets_of_an_action_have_known_names_and_stay_with_their_server(admin):
    def change(url, **secrets):
        fields = {"executor": "webhook", "config": {"url": url}}
        return change_action(admin, "scale_up", fields=fields, secrets=secrets or None)

    for secrets in ({"LD_PRELOAD": "/tmp/x.so"}, {"BASH_FUNC_ls%%": "() { id; }"}, {"token": "a\nPATH=/tmp"}):
        with pytest.raises(Invalid):
            change("https://x.example/a", **secrets)
    stored = change("https://x.example/a", token="t").secrets
    assert change("https://x.example/b").secrets == stored
    with pytest.raises(Invalid) as refused:
        change("https://y.example/b")
    assert "must be entered again" in refused.value.faults[0].message
    assert change("https://y.example/b", token="t").config == {"url": "https://y.example/b"}


@pytest.mark.django_db
def test_stored_actions_that_do_not_run_as_they_are_have_a_health_check(admin):
    def found(slug, url, secrets):
        row = RemediationAction.objects.create(
            workspace_id=admin.workspace_id, slug=slug, version=slug, name=slug, risk="low",
            executor="webhook", config={"url": url}, secrets=secrets,
        )  # fmt: skip
        check = CHECKS.get("actions")()
        row.delete()
        return check.detail if admin.workspace_id in (check.workspaces or ()) else ""

    assert found("good", "https://x.example/{component}", encrypt("signing_secret=s\ntoken=t")) == ""
    assert "the action old has secrets" in found("old", "https://x.example", encrypt("LD_PRELOAD=x\ntoken=t"))
    assert "the action lost cannot run: its" in found("lost", "https://x.example", "sealed elsewhere")
    for url in ("https://{component}.example/x", "https://me:pw@x.example/x"):
        assert "the action host cannot run: url must" in found("host", url, "")
