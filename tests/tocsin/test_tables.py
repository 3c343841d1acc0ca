"""Tables on terminals: nothing is lost, and a table is no wider than its terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.receiver import Receiver, Reply, running
from tocsin.cli.cards import card, incident_card
from tocsin.cli.frame import text_of
from tocsin.cli.statistics import period, statistics_rows
from tocsin.cli.tables import boxed, plain, width, wrapped

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Database connections exhausted on the primary of the payments cluster in eu-central-1"
ROW = [
    ["INC-123", TITLE, "CRITICAL", "investigating", "5m ago"],
    ["INC-7", "日本語のタイトル 🔥", "LOW", "x", "1h ago"],
]
HEADINGS = ["Incident ID", "Title", "Severity", "Status", "Detected"]
INCIDENT = {
    "incident_id": "INC-123", "title": TITLE, "severity": "sev1", "status": "open", "version": 1,
    "stage": "investigation", "detected_at": "2026-01-28T12:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("columns", [80, 100, 140, 0])
def test_box_fits_its_terminal_and_holds_every_word(columns: int) -> None:
    lines = boxed(HEADINGS, ROW, most=columns).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert width(lines[0]) <= (columns or 1_000)
    shown = " ".join(" ".join(line.split("│")[2].split()) for line in lines if line.startswith("│"))
    assert TITLE in shown


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_word_is_not_broken_where_there_is_room_for_it_whole(columns: int) -> None:
    headings = ["Action", "Risk", "Recommended", "Description", "When"]
    rows = [
        [
            "rollback_deployment",
            "medium",
            "✓",
            "Roll back the newest deployment",
            "a deployment came before it",
        ],
        [
            "kill_zombie_processes",
            "low",
            "",
            "End processes that no one waits for",
            "processes are left over",
        ],
    ]
    shown = boxed(headings, rows, most=columns)
    assert width(shown.splitlines()[0]) <= columns
    for word in " ".join(map(" ".join, [headings, *rows])).split():
        assert word in shown


def test_box_of_many_columns_is_never_cut() -> None:
    wide = boxed([f"heading {n}" for n in range(12)], [["some longer text here"] * 12], most=40)
    assert wide.count("some longer") == 12


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [("one two three", 7, ["one two", "three"]), ("abcdefghij", 4, ["abcd", "efgh", "ij"]), ("", 5, [""]),
     ("日本語", 4, ["日本", "語"]), ("a  b", 9, ["a  b"]), ("  HIGH", 6, ["  HIGH"]),
     ("incident.severity_changed", 20, ["incident.severity_", "changed"])],
)  # fmt: skip
def test_texts_are_broken_at_blanks(text: str, size: int, lines: list[str]) -> None:
    assert wrapped(text, size) == lines


def test_statistics_are_printed_as_documented() -> None:
    times = {"mean_seconds": 138.0, "median_seconds": 60.0, "p90_seconds": None, "count": 12}
    found = {
        "total_incidents": 12, "active_incidents": 3, "resolved_incidents": 9,
        "by_severity": [{"value": "sev1", "incidents": 2}, {"value": "sev2", "incidents": 10}],
        "by_type": [{"value": "service_down", "incidents": 2}, {"value": "error_burst", "incidents": 10}],
        "measures": {"mttd": times, "mttr": times | {"mean_seconds": 2712.0}},
    }  # fmt: skip
    rows, breaks = statistics_rows(found, by_type=False, by_severity=False)
    assert boxed([], rows, breaks=breaks).splitlines() == [
        "┌────────────────────┬───────┐",
        "│ Total Incidents    │    12 │",
        "│ Active Incidents   │     3 │",
        "│ Resolved Incidents │     9 │",
        "├────────────────────┼───────┤",
        "│ By Severity:       │       │",
        "│   CRITICAL         │     2 │",
        "│   HIGH             │    10 │",
        "│   MEDIUM           │     0 │",
        "│   LOW              │     0 │",
        "├────────────────────┼───────┤",
        "│ By Type:           │       │",
        "│   error_burst      │    10 │",
        "│   service_down     │     2 │",
        "├────────────────────┼───────┤",
        "│ Avg MTTD           │  2.3m │",
        "│ Median MTTD        │  1.0m │",
        "│ P90 MTTD (n=12)    │     – │",
        "│ Avg MTTR           │ 45.2m │",
        "│ Median MTTR        │  1.0m │",
        "│ P90 MTTR (n=12)    │     – │",
        "└────────────────────┴───────┘",
    ]
    assert [period(since) for since in ("", "24h", "7d")] == ["All time", "Last 24 hours", "Last 7 days"]


DETAILS = {
    **INCIDENT, "status_word": "investigating", "incident_type": "service_down", "is_private": True,
    "description": "First line\nSecond line", "affected_components": ["api", "db"], "event_count": 7,
    "components": [{"component": "api", "impact": "partial_outage", "restored_at": None},
                   {"component": "db", "impact": "degraded", "restored_at": "2026-01-28T12:30:00Z"}],
    "mttd": 45.2, "mttr": None, "url": "http://127.0.0.1/incidents/123",
    "analysis": {"summary": "The database refuses connections.", "category": "database",
                 "author_name": "Rules", "recommended_actions": [{"text": "Scale up", "slug": "scale_up"},
                                                                 {"text": "Call", "slug": ""}],
                 "evidence": [{"rule": "pool"}], "cause": {"known": False}},
    "similar_incidents": [
        {"incident": "INC-7", "title": "Pool full", "resolution": "", "reason": "same words"}
    ],
    "timeline": [{"occurred_at": "2026-01-28T12:02:00Z", "author": "Ana", "message": "Second"},
                 {"occurred_at": "2026-01-28T12:01:00Z", "author": "Ben", "message": "First"}],
}  # fmt: skip


def test_incident_is_a_card_without_json() -> None:
    shown = [line for line in incident_card(DETAILS, text_of, 80) if "Detected" not in line]
    assert shown == [
        "INC-123  Database connections exhausted on the primary of the payments cluster",
        "in eu-central-1",
        "Severity     CRITICAL (sev1)",
        "Status       investigating, private",
        "Type         service_down",
        "Components   api (partial outage), db (works again)",
        "Events       7",
        "Description  First line",
        "             Second line",
        "MTTD         45 s",
        "Analysis     The database refuses connections.",
        "             Category database, by Rules",
        "Recommended  Scale up (scale_up)",
        "             Call",
        "Similar      INC-7 Pool full: same words",
        "Timeline     12:01:00Z Ben: First",
        "             12:02:00Z Ana: Second",
        "Page         http://127.0.0.1/incidents/123",
    ]


def test_objects_within_an_object_are_indented() -> None:
    value = {
        "id": 7,
        "text": "one\ntwo",
        "config": {"a": 1, "empty": ""},
        "rows": [{"k": "v", "l": ["x", "y"]}, {"k": "w"}],
    }
    assert list(card(value, text_of)) == [
        "id      7", "text    one", "        two", "config", "  a  1", "rows", "  - k  v", "    l  x, y",
        "  - k  w",
    ]  # fmt: skip


def test_plain_columns_are_never_broken() -> None:
    assert TITLE in plain(HEADINGS, ROW).splitlines()[1]


def on_terminal(url: str, columns: int, **environment: str) -> str:
    """What `tocsin incidents list` prints on a terminal of so many columns."""
    controller, terminal = pty.openpty()
    given = {**os.environ, "TOCSIN_URL": url, "TOCSIN_TOKEN": "x", "COLUMNS": str(columns), **environment}
    argv = [sys.executable, "-m", "tocsin", "incidents", "list"]
    with subprocess.Popen(argv, cwd=ROOT, env=given, stdout=terminal, stderr=terminal) as running_one:
        os.close(terminal)
        shown = b""
        try:
            while data := os.read(controller, 65_536):
                shown += data
        except OSError:  # the end of a terminal
            pass
        finally:
            os.close(controller)
        assert running_one.wait(30) == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_terminal_of_80_columns_shows_a_box_without_control_sequences() -> None:
    with running(
        Receiver(lambda _: Reply(200, json.dumps([INCIDENT]).encode(), {"Content-Type": "application/json"}))
    ) as fake:
        for environment in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
            shown = on_terminal(fake.url, 80, **environment)
            assert "\x1b" not in shown
            assert {width(line) for line in shown.splitlines()} == {80}
        assert "CRITICAL" in on_terminal(fake.url, 140)
        piped = subprocess.run(
            [sys.executable, "-m", "tocsin", "incidents", "list"], cwd=ROOT, capture_output=True, check=True,
            text=True, env={**os.environ, "TOCSIN_URL": fake.url, "TOCSIN_TOKEN": "x", "COLUMNS": "80"},
        )  # fmt: skip
        assert piped.stdout.splitlines()[1].startswith(f"INC-123      {TITLE}  CRITICAL  investigating")
