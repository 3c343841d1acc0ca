"""Probes of the operator: what their files may contain, what is collected, and how a bad one ends."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tocsin.collector import commands
from tocsin.collector.context import MAX_OUTPUT_BYTES, Options, run_command

PROBE = 'argv = ["printf", "one error\\\\npassword=maple4711 error\\\\nfine\\\\nlast error\\\\n"]\n'


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`make({"queues": text}, only=…)`: the entries and the manifest."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "tocsin" / "probes.d"
    folder.mkdir(parents=True)

    def it(files: dict[str, str], mode: int = 0o600, **options: Any) -> Any:
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text)
            (folder / f"{name}.toml").chmod(mode)
        given = Options(summary="x", **{"only": [f"own:{name}" for name in files], **options})
        made = commands.create(given, {}, str(tmp_path / "bundles"), lambda _: None)
        with zipfile.ZipFile(made.path) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}, made.manifest

    return it


def test_requested_lines_are_collected_without_secrets(make: Any) -> None:
    entries, manifest = make({"queues": PROBE + 'keep = ["error"]\nlines = 2\n', "all": PROBE})
    lines = entries["logs/probe_queues.log"].splitlines()
    assert len(lines) == 2
    assert lines[1] == "last error"
    assert "maple4711" not in "".join(entries.values())
    assert len(entries["logs/probe_all.log"].splitlines()) == 4
    entry = next(e for e in manifest["entries"] if e["path"] == "logs/probe_queues.log")
    assert (entry["source"], entry["state"]) == ("probes.d/queues.toml", "whole")


def test_probe_is_left_out_on_request(make: Any) -> None:
    entries, _ = make({"queues": PROBE, "other": PROBE}, only=("own:other",))
    assert [name for name in entries if name.startswith("logs/")] == ["logs/probe_other.log"]


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("argv = 3\n", 0o600, "argv must be a list of words"),
        (PROBE + "shell = true\n", 0o600, "shell is not known. Known: argv"),
        (PROBE + "seconds = 600\n", 0o600, "seconds must be a number up to 60"),
        (PROBE + "lines = true\n", 0o600, "lines must be a number from 1"),
        ("what is this", 0o600, ""),
        (PROBE, 0o666, "others may write this file"),
        ('argv = ["no-such-program-here"]\n', 0o600, "no-such-program-here is not installed"),
    ],
    ids=["no list", "unknown key", "too long", "no number", "no TOML", "writable", "not installed"],
)
def test_file_that_cannot_be_used_is_listed_with_the_reason(
    make: Any, text: str, mode: int, reason: str
) -> None:
    entries, manifest = make({"bad": text}, mode)
    assert "logs/probe_bad.log" not in entries
    [skipped] = manifest["skipped"]
    assert skipped["source"].endswith("probes.d/bad.toml")
    assert skipped["reason"]
    assert reason in skipped["reason"]


def test_probe_that_fails_hangs_or_never_ends_is_reported(make: Any) -> None:
    _, manifest = make({
        "fails": 'argv = ["sh", "-c", "echo before; exit 3"]\n',
        "hangs": 'argv = ["sh", "-c", "echo before; sleep 60"]\nseconds = 0.3\n',
        "endless": 'argv = ["yes"]\nlines = 5\n',
    })  # fmt: skip
    reasons = {e["path"][len("logs/probe_") : -len(".log")]: e for e in manifest["entries"][1:]}
    assert {name: (e["state"], e["lines"]) for name, e in reasons.items()} == {
        "fails": ("whole", 1), "hangs": ("partial", 1), "endless": ("partial", 5),
    }  # fmt: skip
    assert reasons["fails"]["reason"] == "exit code 3"
    assert reasons["hangs"]["reason"] == "no response in 0.3 s"
    assert "more than" in reasons["endless"]["reason"]


def test_endless_command_is_ended_at_the_limit() -> None:
    output = run_command(["yes"], 30.0)
    assert output is not None
    assert (output.code, len(output.text)) == (-1, MAX_OUTPUT_BYTES)
