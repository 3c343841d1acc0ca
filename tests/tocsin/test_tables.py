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
def test_a_box_fits_its_terminal_and_holds_every_word(columns: int) -> None:
    lines = boxed(HEADINGS, ROW, most=columns).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert width(lines[0]) <= (columns or 1_000)
    shown = " ".join(" ".join(line.split("│")[2].split()) for line in lines if line.startswith("│"))
    assert TITLE in shown


def test_a_box_of_many_columns_is_never_cut() -> None:
    wide = boxed([f"heading {n}" for n in range(12)], [["some longer text here"] * 12], most=40)
    assert wide.count("some longer") == 12


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [("one two three", 7, ["one two", "three"]), ("abcdefghij", 4, ["abcd", "efgh", "ij"]), ("", 5, [""]),
     ("日本語", 4, ["日本", "語"]), ("a  b", 9, ["a  b"])],
)  # fmt: skip
def test_texts_are_broken_at_blanks(text: str, size: int, lines: list[str]) -> None:
    assert wrapped(text, size) == lines


def test_plain_columns_are_never_broken() -> None:
    assert TITLE in plain(HEADINGS, ROW).splitlines()[1]


def on_terminal(url: str, columns: int, **environment: str) -> str:
    """What `tocsin incidents list` prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    given = {**os.environ, "TOCSIN_URL": url, "TOCSIN_TOKEN": "x", "COLUMNS": str(columns), **environment}
    argv = [sys.executable, "-m", "tocsin", "incidents", "list"]
    with subprocess.Popen(argv, cwd=ROOT, env=given, stdout=theirs, stderr=theirs) as running_one:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65_536):
                shown += data
        except OSError:  # the end of a terminal
            pass
        finally:
            os.close(ours)
        assert running_one.wait(30) == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_of_80_columns_shows_a_box_without_control_sequences() -> None:
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
