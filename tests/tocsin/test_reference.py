"""Every command of the command line's reference runs against a live server and ends as documented."""

from __future__ import annotations

import http.client
import json
import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tocsin.conftest import RunTocsin

if TYPE_CHECKING:
    from accounts.models import Workspace

ROOT = Path(__file__).resolve().parents[2]
# In order: later lines act on what earlier ones made. {one}: an incident that is open at the beginning.
LINES: list[tuple[str, int]] = [
    ("incidents list", 0),
    ("incidents list --status active", 0),
    ("incidents list --status resolved", 0),
    ("incidents list --status assessing", 0),
    ("incidents list --severity critical", 0),
    ("incidents list --severity high", 0),
    ("incidents list --type error_burst", 0),
    ("incidents list --type service_down", 0),
    ("incidents list --limit 10", 0),
    ("incidents list --format json", 0),
    ("incidents list --format table", 0),
    ("incidents list --format csv", 0),
    ("incidents get {one}", 0),
    ("incidents get {one} --timeline", 0),
    ("incidents get {one} --postmortem", 0),
    ("incidents get {one} --full", 0),
    (
        (
            "incidents create --type error_burst --severity high --title 'Manual Incident' "
            "--description 'Manually created incident'"
        ),
        0,
    ),
    (
        (
            "incidents create --type service_down --severity critical --title 'API Service Down' "
            "--description 'API service not responding' --components api,worker,database"
        ),
        0,
    ),
    ("incidents update {one} --status investigating", 0),
    ("incidents update {one} --severity critical", 0),
    ("incidents update {one} --notes 'Investigating database issues'", 0),
    ("incidents update {one} --status containing --severity critical --assigned-to john.doe", 0),
    ("incidents assign {one} john.doe", 0),
    ("incidents assign {one} --unassign", 0),
    ("incidents acknowledge {one}", 0),
    ("incidents timeline {one}", 0),
    ("incidents timeline {one} --event-type error", 0),
    ("incidents timeline {one} --source api", 0),
    ("incidents timeline {one} --limit 20", 0),
    ("incidents stats", 0),
    ("incidents stats --since 24h", 0),
    ("incidents stats --since 7d", 0),
    ("incidents stats --by-type", 0),
    ("incidents stats --all", 0),
    ("incidents stats --by-severity", 0),
    ("incidents watch --once", 0),
    ("incidents watch {one} --once", 0),
    ("incidents watch --severity critical --once", 0),
    ("incidents rules list", 0),
    ("incidents rules list --enabled", 0),
    ("incidents rules show error_burst", 0),
    ("incidents rules disable error_burst", 0),
    ("incidents rules enable error_burst", 0),
    ("incidents rules disable error_burst service_down", 0),
    ("incidents rules enable error_burst service_down", 0),
    ("incidents rules update error_burst --threshold 15", 0),
    ("incidents rules update error_burst --time-window 600", 0),
    ("incidents rules update error_burst --check-interval 120", 0),
    ("incidents rules update error_burst --severity critical", 0),
    (
        (
            "incidents rules create --id custom_rule --name 'Custom Rule' "
            "--description 'Custom detection rule' "
            "--type performance_degradation --severity high --threshold 10 "
            "--time-window 300 --check-interval 60"
        ),
        0,
    ),
    ("incidents test-rule error_burst", 0),
    ("incidents test-rule error_burst --events sample_events.json", 0),
    ("incidents test-rule error_burst --dry-run", 0),
    ("incidents simulate --type error_burst --severity high --components api,worker", 0),
    ("incidents simulate --type service_down --event-count 10 --time-span 60", 0),
    ("incidents dashboard", 0),
    ("incidents mitigate {one} --list-actions", 0),
    ("incidents mitigate {one} --action scale_up", 0),
    ("incidents mitigate {one} --action restart_service --approved-by john.doe", 0),
    ("incidents mitigate {one} --action rollback_deployment --approved-by john.doe --no-wait", 1),
    ("incidents close {one}", 1),
    ("incidents resolve {one}", 0),
    ("incidents resolve {one} --notes 'Fixed by restarting database service'", 0),
    ("incidents close {one}", 0),
    ("incidents postmortem {one} --draft", 0),
    ("incidents postmortem {one}", 0),
    ("incidents postmortem {one} --output postmortem.md", 0),
]


@pytest.fixture
def incident(home: Workspace) -> str:
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    made = declare_incident(system_actor(home.pk), title="Error burst", incident_type="error_burst")
    return f"inc_{made.number:05d}"


def test_every_line_of_the_reference_ends_as_documented(
    run_tocsin: RunTocsin, server: str, incident: str, own_home: Path
) -> None:
    sample = run_tocsin("incidents", "simulate", "--type", "error_burst", "--event-count", "20")
    (own_home / "sample_events.json").write_text(sample.out)
    wrong = []
    for line, expected in LINES:
        ran = run_tocsin(*shlex.split(line.format(one=incident)))
        if ran.code != expected:
            wrong.append(f"{line}: {ran.code} {ran.err}")
    assert wrong == []


def _until_interrupted(*arguments: str) -> tuple[int, str, str]:
    """What a command printed that runs until Ctrl-C, which it is sent after its first line."""
    argv = [sys.executable, "-m", "tocsin", *arguments]
    with subprocess.Popen(
        argv, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(running.stdout, selectors.EVENT_READ)
            waiting.register(running.stderr, selectors.EVENT_READ)
            waiting.select(60)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    return running.returncode, out, err


@pytest.mark.parametrize(
    "words", [(), ("{one}",), ("--severity", "critical,high,medium,low")], ids=["all", "one", "by severity"]
)
def test_watch_ends_without_an_error_when_it_is_interrupted(
    server: str, incident: str, words: tuple[str, ...]
) -> None:
    code, out, err = _until_interrupted("incidents", "watch", *(word.format(one=incident) for word in words))
    assert (code, err) == (0, "")
    assert "Error burst" in out


def test_dashboard_leads_to_the_list_with_its_filters(server: str, own_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "tocsin", "incidents", "dashboard", "--port", str(port)]
    with subprocess.Popen(argv, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert f"http://127.0.0.1:{port}/ leads to {server}/incidents" in running.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/?severity=critical")
        response = connection.getresponse()
        connection.close()
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    assert (response.status, response.headers["Location"]) == (302, f"{server}/incidents?severity=critical")


def test_list_shows_the_words_in_tables_and_canonical_values_in_json(
    run_tocsin: RunTocsin, server: str, incident: str
) -> None:
    run_tocsin("incidents", "update", incident, "--severity", "high", "--status", "assessing")
    table = run_tocsin("incidents", "list").out
    assert table.splitlines()[0].split("  ")[0] == "Incident ID"
    assert "HIGH" in table
    assert "assessing" in table
    shown = json.loads(run_tocsin("incidents", "list", "--format", "json").out)[0]
    assert (shown["severity"], shown["severity_word"]) == ("sev2", "HIGH")
    assert (shown["stage"], shown["status_word"]) == ("assessment", "assessing")
    assert run_tocsin("-q", "incidents", "list").out == f"{shown['incident_id']}\n"


def test_export_has_the_formats_of_the_pages_and_the_filters_of_the_list(
    run_tocsin: RunTocsin, server: str, incident: str
) -> None:
    run_tocsin("incidents", "create", "--title", "Disk is full", "--severity", "low")
    assert json.loads(run_tocsin("incidents", "export", "INC-2").out)["title"] == "Disk is full"
    assert run_tocsin("incidents", "export", "INC-2", "--format", "csv").out.startswith("incident,title")
    assert run_tocsin("incidents", "export", "INC-2", "--markdown").out.startswith("# ")
    rows = run_tocsin("incidents", "export", "--severity", "low", "--since", "1h").out.splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["INC-2"]
    assert len(json.loads(run_tocsin("incidents", "export", "--format", "json").out)["incidents"]) == 2
    refused = run_tocsin("incidents", "export", "INC-2", "--severity", "low")
    assert (refused.code, refused.err) == (
        2,
        "tocsin: Filters are for the list, not for one incident: severity.\n",
    )
    assert "needs the token of a person" in run_tocsin("incidents", "list", "--mine").err


def test_private_incident_is_declared_and_similar_open_ones_are_named(
    run_tocsin: RunTocsin, server: str
) -> None:
    first = run_tocsin("incidents", "create", "--title", "Checkout fails in Europe", "--impact", "All carts")
    assert (first.out, first.err.count("Similar")) == ("INC-1 created\n", 0)
    assert json.loads(run_tocsin("incidents", "get", "INC-1").out)["impact"] == "All carts"
    second = run_tocsin("incidents", "create", "--title", "No one can pay at checkout", "--private")
    assert "Similar and open: INC-1 Checkout fails in Europe\n" in second.err
    assert json.loads(run_tocsin("incidents", "get", "INC-2").out)["is_private"] is True
    quiet = run_tocsin("incidents", "create", "--title", "Checkout again", "-q")
    assert (quiet.out, quiet.err) == ("INC-3\n", "")
    card = run_tocsin("incidents", "get", "INC-2", "--format", "table").out
    assert re.search(r"^Status +assessing, private$", card, re.M)


def test_requests_are_shown_on_request_without_the_token(run_tocsin: RunTocsin, server: str) -> None:
    ran = run_tocsin("incidents", "list", "--verbose")
    assert ran.code == 0
    assert re.search(rf"^GET {server}/api/v1/incidents\?limit=50: 200 in \d+ ms$", ran.err, re.M)
    assert os.environ["TOCSIN_TOKEN"] not in ran.err


def test_rule_is_tried_without_opening_and_its_events_are_sent_on_request(
    run_tocsin: RunTocsin, server: str, own_home: Path
) -> None:
    events = run_tocsin("incidents", "simulate", "--type", "error_burst", "--event-count", "20").out
    (own_home / "sample.json").write_text(events)
    trial = ("incidents", "test-rule", "error_burst", "--events", "sample.json")
    tried = run_tocsin(*trial, "--dry-run")
    assert "would open [HIGH]" in tried.out
    sent = run_tocsin(*trial, "--open")
    assert (sent.code, sent.out) == (0, tried.out)
    assert sent.err == "20 events sent. What they open: tocsin incidents list\n"
    for more in (("--dry-run", "--open"), ("--open",)):
        refused = run_tocsin(*trial[: 5 if len(more) > 1 else 3], *more)
        assert (refused.code, refused.out) == (2, "")


def test_unknown_value_is_named_with_the_nearest_one(run_tocsin: RunTocsin) -> None:
    for arguments, words in [
        (("incidents", "lst"), "Did you mean"),
        (("incident", "get", "3"), "tocsin incidents get"),
        (("incidents", "list", "--format", "xml"), "table, json, csv"),
        (("incidents", "list", "--since", "yesterday"), "24h, 7d"),
    ]:
        ran = run_tocsin(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("incidents", "get", "INC-999"), 1),
        (("incidents", "create", "--title", "x", "--severity", "purple"), 1),
        (("incidents", "assign", "INC-1", "jon.doe"), 1),
        (("incidents", "mitigate", "INC-1", "--action", "no_such_action"), 1),
        (("--url", "http://127.0.0.1:9", "incidents", "list"), 3),
        (("--url", "http://tocsin.example", "incidents", "list"), 2),
        (("--url", "ftp://x", "incidents", "list"), 2),
    ],
)
def test_refusals_have_the_documented_codes(
    run_tocsin: RunTocsin, server: str, incident: str, arguments: Any, code: int
) -> None:
    ran = run_tocsin(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("tocsin: ")


def test_wrong_token_is_refused(run_tocsin: RunTocsin, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "tcs_abcdefgh_" + "x" * 40)
    ran = run_tocsin("incidents", "list")
    assert ran.code == 1
    assert "token" in ran.err


def test_untrusted_text_cannot_steer_the_terminal(run_tocsin: RunTocsin, server: str) -> None:
    run_tocsin("incidents", "create", "--title", "a\x1b[2Jb", "--severity", "high")
    shown = run_tocsin("incidents", "list").out
    assert "\x1b" not in shown


def test_events_are_sent_by_flags_file_and_library(
    run_tocsin: RunTocsin, server: str, own_home: Path
) -> None:
    from tocsin import Client

    ran = run_tocsin("events", "send", "--source", "api", "--message", "broken", "--level", "ERROR")
    assert (ran.code, ran.out) == (0, "1 accepted\n")
    (own_home / "events.ndjson").write_text(
        '{"source": "a", "message": "x"}\n{"source": "b", "message": "y"}\n'
    )
    assert run_tocsin("events", "send", "events.ndjson").out == "2 accepted\n"
    with Client() as client:
        again = {
            "source": "my_service",
            "severity": "high",
            "event_id": "evt_001",
            "message": "Error occurred",
        }
        assert client.submit_event(again)["accepted"] == 1
        assert client.submit_event(again)["duplicates"] == 1


def test_unsent_commands_are_sent_once_by_sync(
    run_tocsin: RunTocsin, server: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = ("--url", "http://127.0.0.1:9")
    first = run_tocsin(*away, "incidents", "create", "--title", "Down", "--severity", "high")
    assert first.code == 0
    assert "Spooled as local-1" in first.err
    assert run_tocsin(*away, "notes", "add", "local-1", "The switch is dead").code == 0
    sent = run_tocsin("sync")
    assert sent.code == 0, sent.err
    reference = sent.out.split("local-1 sent: ")[1].split()[0]
    assert run_tocsin("sync").err == "Nothing waits to be sent.\n"
    timeline = run_tocsin("incidents", "timeline", reference).out
    assert timeline.count("The switch is dead") == 1
    assert "written offline" in timeline
    run_tocsin(*away, "notes", "add", reference, "forged")
    file = next((own_home / "data" / "tocsin" / "spool").glob("0*.json"))
    file.write_text(file.read_text().replace("forged", "FORGED"))
    refused = run_tocsin("sync")
    assert refused.code == 1
    assert "was changed" in refused.err
    assert file.exists()
