"""Commands that are one call of the API: each fits the API's document; each operation has a command."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.incidents.attachments.pictures import png
from tests.tocsin.conftest import RunTocsin
from tocsin.cli import operations
from tocsin.cli.operation import Operation
from tocsin.client import Client

if TYPE_CHECKING:
    from accounts.models import Workspace


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("s3")]
# Commands written by hand, run in order; {one} is an open incident, {two} another.
WRITTEN = """
incidents list | incidents get {one} | incidents create --title Third --metadata region=eu --detected-at 5m
incidents update {one} --severity high | incidents assign {one} john.doe | incidents acknowledge {one}
incidents mitigate {one} --list-actions | incidents mitigate {one} --action scale_up
incidents timeline {one} | incidents stats | incidents related {one} | incidents link {one} {two}
incidents unlink {one} {two} | incidents affect {one} api | incidents unaffect {one} api
incidents resolve {one} | incidents close {one} | incidents reopen {one} | incidents export
incidents export {one} | incidents postmortem {one} --draft | incidents get {one} --postmortem
incidents rules list | incidents rules show error_burst | incidents rules update error_burst --threshold 11
incidents rules disable error_burst | incidents rules enable error_burst | incidents rules reset error_burst
incidents rules create --id own --name Own --type other --severity low --threshold 3 --time-window 60
incidents rules delete own | incidents test-rule error_burst | events send --source a --message b
notes add {one} text | updates post {one} text | changes list | changes record "Deployed 2.1"
components list | components show api | roles show {one} | sources list | members list | tokens list
whoami | bundle list --server
"""
ELSEWHERE = {
    "POST /incidents/{}/notes": "the same as a timeline entry of the kind note: notes add",
    "POST /webhooks/{}/{}": "for the senders of webhooks",
    "PUT /webhooks/{}/{}": "for the senders of webhooks",
    "GET /webhooks/{}/{}": "for the senders of webhooks",
    "OPTIONS /webhooks/{}/{}": "for the senders of webhooks",
    "POST /workspaces/{}/select": "of a browser's session; the command line takes --workspace",
    "POST /device/start": "login, in test_login",
    "POST /device/token": "login, in test_login",
    "DELETE /me/token": "logout, in test_login",
    "DELETE /tokens/{}": "tokens revoke, in test_tokens_are_created_and_revoked below",
    "POST /bundles": "bundle create and upload, in tests/journeys/test_diagnostic_bundle.py",
    "POST /bundles/{}/complete": "bundle create and upload, in tests/journeys/test_diagnostic_bundle.py",
    "GET /simulations/events": "incidents simulate, in test_reference",
    "POST /simulations": "incidents simulate --open, in test_reference",
    "POST /action-items": "the same as that of an incident: action-items create",
    "GET /incidents/{}/postmortem": "incidents postmortem",
    "POST /incidents/{}/attachments": "attachments add, in test_picture_is_attached_and_read",
    "GET /attachments/{}": "attachments get, in test_picture_is_attached_and_read",
}


def rows() -> list[Operation]:
    names = [module.name for module in pkgutil.iter_modules(operations.__path__)]
    tables = [importlib.import_module(f"tocsin.cli.operations.{name}") for name in sorted(names)]
    return [operation for table in tables for operation in table.OPERATIONS]


ROWS = rows()


@pytest.fixture(scope="module")
def document() -> Any:
    """The API's document, as a client reads it."""
    from config.api import api

    return json.loads(json.dumps(api.get_openapi_schema(), default=str))


def shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1"))


def described(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {shape(path)}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def resolved(document: Any, schema: Any) -> Any:
    while "$ref" in schema or "allOf" in schema or "anyOf" in schema:
        [reference] = [
            one["$ref"]
            for one in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ()))
            if "$ref" in one
        ]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


def fields_of(document: Any, operation: Any) -> tuple[set[str], set[str]]:
    """The names that an operation takes in its body and address, and those of the body that it must have."""
    taken = {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = resolved(document, content.get("schema", {}))
    return taken | set(body.get("properties", {})), set(body.get("required", []))


def test_commands_have_names_of_their_own() -> None:
    names = [row.command for row in ROWS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("row", ROWS, ids=[row.command.replace(" ", "-") for row in ROWS])
def test_command_fits_the_document(document: Any, row: Operation) -> None:
    operation = described(document).get(f"{row.method} {shape(row.path)}")
    assert operation is not None, f"the API has no {row.method} {row.path}"
    taken, required = fields_of(document, operation)
    given = {field.name for field in row.fields if field.name}
    assert given <= taken
    takes_file = any(field.kind == "file" for field in row.fields)
    must = {field.name for field in row.fields if field.is_required}
    assert takes_file or required <= must
    assert not row.is_paged or {"limit", "cursor"} <= taken


def test_each_operation_of_the_api_has_a_command(
    run_tocsin: RunTocsin, server: str, home: Workspace, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    actor = system_actor(home.pk)
    one, two = (declare_incident(actor, title=title, components=["api"]).reference for title in ("A", "B"))
    sent: set[tuple[str, str]] = set()
    send = Client.send

    def recording(self: Client, method: str, path: str, **given: Any) -> Any:
        sent.add((method, "/" + path.partition("?")[0].removeprefix("/api/v1").lstrip("/")))
        return send(self, method, path, **given)

    monkeypatch.setattr(Client, "send", recording)
    for line in re.split(r"[|\n]", WRITTEN.strip()):
        ran = run_tocsin(*shlex.split(line.format(one=one, two=two)))
        assert ran.code == 0, f"{line}: {ran.err}"
    known = described(document)
    reached = {f"{row.method} {shape(row.path)}" for row in ROWS} | set(ELSEWHERE)
    for name in known:
        method, _, path = name.partition(" ")
        pattern = re.compile(re.escape(path).replace(r"\{\}", "[^/]+"))
        if any(method == m and pattern.fullmatch(p) for m, p in sent):
            reached.add(name)
    assert sorted(known.keys() - reached) == []
    assert sorted(reached - known.keys()) == []


def test_tokens_are_created_and_revoked(run_tocsin: RunTocsin, server: str) -> None:
    made = run_tocsin("tokens", "create", "CI", "--scope", "events:write", "--expires", "+90d")
    assert made.code == 0, made.err
    assert made.out.startswith("tcs_")
    [row] = [t for t in json.loads(run_tocsin("tokens", "list", "--format", "json").out) if t["name"] == "CI"]
    assert row["scopes"] == ["events:write"]
    assert run_tocsin("tokens", "revoke", str(row["id"])).code == 0


def test_rule_matches_the_types_and_sources_of_its_flags(run_tocsin: RunTocsin, server: str) -> None:
    wanted = (
        "--id own --name Own --type performance_degradation --severity high --threshold 3 --time-window 60"
    )
    made = run_tocsin("incidents", "rules", "create", *wanted.split(), "--format", "json")
    assert "slow_request" in json.loads(made.out)["event_types"]
    change = "--event-type a,b --event-type c --source api --minimum-level medium --pattern slow"
    names = ("event_types", "sources", "minimum_level", "message_pattern")
    changed = run_tocsin("incidents", "rules", "update", "own", *change.split(), "--format", "json")
    assert [json.loads(changed.out)[name] for name in names] == [["a", "b", "c"], ["api"], "warning", "slow"]
    cleared = ["--event-type", "", "--source", "", "--pattern", ""]
    shown = json.loads(run_tocsin("incidents", "rules", "update", "own", *cleared, "--format", "json").out)
    assert [shown[name] for name in names] == [[], [], "warning", ""]


def test_silence_is_made_changed_and_ended(run_tocsin: RunTocsin, server: str, own_home: Path) -> None:
    (own_home / "api.json").write_text('{"matchers": [{"field": "component", "op": "=", "value": "api"}]}')
    (own_home / "web.json").write_text('{"matchers": [{"field": "component", "op": "=", "value": "web"}]}')
    made = run_tocsin(
        "silences", "create", "--reason", "Known trouble", "--ends-at", "+4h", "--file", "api.json", "-q"
    )
    assert made.code == 0, made.err
    one = made.out.strip()
    changed = run_tocsin("silences", "update", one, "--reason", "Web only", "--file", "web.json")
    assert changed.code == 0, changed.err
    assert re.match(rf"Silence {one} until \S+", changed.out)
    shown = json.loads(run_tocsin("silences", "show", one, "--format", "json").out)
    assert (shown["reason"], shown["matchers"][0]["value"]) == ("Web only", "web")
    nothing = run_tocsin("silences", "update", one)
    assert (nothing.code, "Nothing to change" in nothing.err) == (2, True)
    assert run_tocsin("silences", "end", one).out == f"Silence {one} ended\n"
    assert run_tocsin("silences", "update", one, "--reason", "Too late").code != 0


def test_picture_is_attached_and_read(
    storage: object, run_tocsin: RunTocsin, server: str, home: Workspace, own_home: Path
) -> None:
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    one = declare_incident(system_actor(home.pk), title="A").reference
    (own_home / "graph.png").write_bytes(png(2, 1))
    (own_home / "no.txt").write_text("no picture")
    refused = run_tocsin("attachments", "add", one, "no.txt")
    assert (refused.code, refused.out) == (1, "")
    made = run_tocsin("attachments", "add", one, "graph.png", "-q")
    assert made.code == 0, made.err
    assert run_tocsin("attachments", "get", made.out.strip(), "--output", "back.png").code == 0
    assert (own_home / "back.png").read_bytes().startswith(b"\x89PNG")
    assert "graph.png" in run_tocsin("attachments", "list", one).out
    assert run_tocsin("attachments", "remove", made.out.strip()).code == 0


# A command and what it prints; {one} is an open incident.
PRINTED = [
    ("incidents move {one} investigating --message 'On it'", r"INC-1 investigating\n"),
    ("incidents activity {one}", r"(?s)When .*On it"),
    ("stages show {one}", r"Stage .*\nassessment"),
    ("sla report --since 7d --format json", r'(?s)\{.*"rows"'),
    ("oncall who", r"(?s).*"),
    ("oncall schedules create Night --time-zone Europe/Berlin", r"Schedule \d+ created\n"),
    ("escalation list", r"(?s).*"),
    ("channels list", r"(?s).*"),
    ("routes preview --severity sev1", r"(?s).*"),
    ("deliveries list", r"(?s).*"),
    ("actions list -q", r"(?s).*restart_service\n"),
    ("runs list", r"(?s).*"),
    ("postmortems create {one} --title 'Why it broke'", r"Postmortem of INC-1: draft\n"),
    ("postmortems list --status draft", r"(?s).*Why it broke"),
    ("five-whys start {one}", r"Five whys of INC-1 started\n"),
    ("five-whys add {one} 'Why did it break?' --answer 'The disk was full'", r"Why \d+ added\n"),
    ("lessons add {one} 'Watch the disk'", r"Lesson \d+ added\n"),
    ("lessons search --text disk", r"(?s).*Watch the disk"),
    ("action-items create {one} 'Alert on disks' --priority high --due 2030-01-28", r"\S+ created\n"),
    ("action-items list", r"(?s).*Alert on disks"),
    ("quarantine list", r"(?s).*"),
    ("workspaces list -q", r"acme\n"),
    ("audit list --limit 5", r"(?s)When .*"),
    ("members set-role john.doe admin", r"john.doe is now admin\n"),
    (
        "updates templates set resolved '**{{title}}** is over' --label Over",
        r"Update template resolved changed\n",
    ),
    ("updates templates list", r"(?s).*Over.*is over"),
    ("updates templates reset resolved", r"Update template resolved reset\n"),
    (
        (
            "identity add --name Keycloak --issuer https://login.example.test --client-id tocsin "
            "--domain example.com --group-role sre=manager --file provider.json"
        ),
        r"Identity provider \d+ added\. Enter this callback address there: http\S+/callback\n",
    ),
    ("identity list", r"(?s).*Keycloak.*example\.com"),
    ("identity requirement --format json", r'(?s).*"identity_required": false'),
    ("slack connect --announce-channel '#alerts' --file slack.json", r"Slack connection \d+ stored\."),
    ("slack list", r"(?s).*unchecked.*alerts"),
    ("slack manifest --socket --format json", r'(?s).*"socket_mode_enabled": true'),
]


def test_commands_print_the_api_response(
    run_tocsin: RunTocsin, server: str, home: Workspace, own_home: Path
) -> None:
    (own_home / "provider.json").write_text('{"client_secret": "s3cret"}')
    (own_home / "slack.json").write_text('{"bot_token": "xoxb-one"}')
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    one = declare_incident(system_actor(home.pk), title="Disk full", components=["db"]).reference
    wrong = []
    for line, expected in PRINTED:
        ran = run_tocsin(*shlex.split(line.format(one=one)))
        if ran.code != 0 or not re.match(expected, ran.out):
            wrong.append(f"{line}: {ran.code} {ran.out!r} {ran.err}")
    assert wrong == []


def test_change_of_nothing_and_a_bad_file_are_usage_errors(run_tocsin: RunTocsin, server: str) -> None:
    for arguments, words in [
        (("action-items", "update", "AI-1"), "Nothing to change. Give one of: --title"),
        (("escalation", "create", "--file", "nowhere.json"), "nowhere.json cannot be read"),
        (("oncall", "override", "1", "john.doe", "--from", "soon", "--until", "+4h"), "is no time"),
    ]:
        ran = run_tocsin(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err
