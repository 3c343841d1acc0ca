"""The collector where something is wrong: the disk, the configuration, the consent, the server, the token."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tocsin.conftest import RunTocsin
from tocsin.collector.probes.system import host_name
from tocsin.packing import build_collector

Collector = Callable[..., subprocess.CompletedProcess[str]]
FULL = 'mount -t tmpfs -o size=256k tmpfs "$1" && shift && "$@"; code=$?; ls -A "$FOLDER"; exit $code'
OWN_RULE = """
[redaction]
secret_files = ["{folder}/app.env"]
[[redaction.rules]]
name = "ntfy"
marks = ["ntfy.sh/"]
pattern = 'ntfy\\.sh/(\\w+)'
keep = 1
"""


@pytest.fixture
def collector(own_home: Path) -> Collector:
    """`collector("create", …)`: the single file, run by a Python without packages."""
    build_collector(own_home / "collector.pyz")

    def it(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        argv = [*before, sys.executable, "-I", "-S", str(own_home / "collector.pyz"), *arguments]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)

    return it


def _create(*arguments: str) -> tuple[str, ...]:
    return ("create", "--summary", "Services not starting", "--only", "logs", *arguments)


def test_full_disk_is_reported_and_nothing_is_left_on_it(
    collector: Collector, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_home / "full"
    folder.mkdir()
    monkeypatch.setenv("FOLDER", str(folder))
    mounts = ("unshare", "--mount", "--map-root-user", "sh", "-c", FULL, "sh", str(folder))
    if (
        shutil.which("unshare") is None
        or subprocess.run([*mounts, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system of its own can be mounted here")
    words = random.Random(1)
    (own_home / "app.log").write_text("".join(f"{words.getrandbits(400)}\n" for _ in range(9_000)))
    ran = collector(
        *_create("--no-upload", "--output", str(folder), "--logs", str(own_home / "app.log")), before=mounts
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"collector: The bundle could not be written to {folder}: No space left on device." in ran.stderr


def test_own_rules_and_values_of_files_are_redacted_in_a_bundle(collector: Collector, own_home: Path) -> None:
    (own_home / "app.env").write_text("NAME=checkout\nDB_PASSWORD='Kx7Qm2Zr9Tt4Lw8'\n")
    (own_home / "own.toml").write_text(OWN_RULE.format(folder=own_home))
    (own_home / "app.log").write_text("post ntfy.sh/mytopic\nconnect as Kx7Qm2Zr9Tt4Lw8 to checkout\n")
    given = ("--no-upload", "--config", str(own_home / "own.toml"), "--logs", str(own_home / "app.log"))
    ran = collector(*_create(*given))
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(ran.stdout.strip()) as archive:
        shown = b"".join(archive.read(name) for name in archive.namelist()).decode()
        totals = json.loads(archive.read("manifest.json"))["totals"]["redactions"]
    assert "mytopic" not in shown
    assert "Kx7Qm2Zr9Tt4Lw8" not in shown
    assert "to checkout" in shown
    assert totals == {"ntfy": 1, "known-value": 1}


def test_rules_of_redaction_toml_hold_with_any_configuration(
    collector: Collector, own_home: Path, run_tocsin: RunTocsin
) -> None:
    folder = own_home / "config" / "tocsin"
    folder.mkdir(parents=True)
    text = OWN_RULE.format(folder=own_home).replace("[redaction]", "").replace("redaction.rules", "rules")
    (folder / "redaction.toml").write_text(text)
    (own_home / "app.env").write_text("DB_PASSWORD='Kx7Qm2Zr9Tt4Lw8'\n")
    (own_home / "app.log").write_text("post ntfy.sh/mytopic\nconnect as Kx7Qm2Zr9Tt4Lw8\n")
    (own_home / "other.toml").write_text('[logs]\npaths = ["/nowhere"]\n')
    shown = run_tocsin("bundle", "rules", "test", str(own_home / "app.log")).out
    assert shown.splitlines() == [
        f"{own_home}/app.log:1:14: ntfy, 7 letters", f"{own_home}/app.log:2:12: known-value, 15 letters"
    ]  # fmt: skip
    logs = ("--no-upload", "--logs", str(own_home / "app.log"))
    for config in ((), ("--config", str(own_home / "other.toml"))):
        ran = collector(*_create(*logs, *config))
        assert ran.returncode == 0, ran.stderr
        with zipfile.ZipFile(ran.stdout.strip()) as archive:
            totals = json.loads(archive.read("manifest.json"))["totals"]["redactions"]
        assert totals == {"ntfy": 1, "known-value": 1}
    (folder / "redaction.toml").write_text("rules = ['ntfy']\n")
    refused = collector(*_create(*logs))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "a rule is a table with name, marks and pattern" in refused.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what is this", "own.toml cannot be read: "),
        ('[[redaction.rules]]\nname = "a"\nmarks = ["ab"]\npattern = "ab"', "less than 3 letters"),
    ],
    ids=["no TOML", "a rule that could harm"],
)
def test_configuration_that_cannot_be_used_is_a_usage_error(
    collector: Collector, own_home: Path, text: str, words: str
) -> None:
    (own_home / "own.toml").write_text(text)
    ran = collector(*_create("--no-upload", "--config", str(own_home / "own.toml")))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_unredacted_data_needs_the_typed_sentence(collector: Collector, own_home: Path) -> None:
    (own_home / "app.log").write_text("password=maple4711\n")
    given = (*_create("--no-upload", "--logs", str(own_home / "app.log")), "--dangerous-mode")
    file = own_home / "consent.txt"
    for consent, code, words in [
        ((), 2, "needs a terminal, or --consent-file"),
        (("--consent-file", str(own_home / "none.txt")), 2, "cannot be read"),
        (("--consent-file", str(file)), 1, "Nothing was collected"),
    ]:
        file.write_text("yes\n")
        refused = collector(*given, *consent)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert words in refused.stderr
    file.write_text(f"I consent to collect unredacted data from {host_name(hidden=False)}\n")
    ran = collector(*given, "--consent-file", str(file))
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(ran.stdout.strip()) as archive:
        consented = json.loads(archive.read("dangerous_mode.json"))
        assert json.loads(archive.read("metadata.json"))["dangerous_mode"] is True
        assert any(b"maple4711" in archive.read(name) for name in archive.namelist())
    assert (consented["sentence"], consented["rules_off"]) == (file.read_text().strip(), "all")
    assert {"by", "at", "host"} <= consented.keys()


def test_token_of_this_program_is_in_no_bundle(
    collector: Collector, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "tcs_abcdefgh_Zq8Lw3Vb6Nn1Kx7Qm2Zr9Tt4Lw8Vb3N"
    monkeypatch.setenv("TOCSIN_TOKEN", token)
    monkeypatch.setenv("TOCSIN_URL", "https://tocsin.example")
    before = ("sh", "-c", '"$@"; exit $?', token)  # it is among the arguments of the shell
    ran = collector(
        "create", "--summary", f"Refused with {token}", "--no-upload", "--only", "processes", before=before
    )
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(ran.stdout.strip()) as archive:
        shown = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert '"processes"' in shown
    assert "Refused with [redacted" in shown
    assert token not in shown
    assert token[13:] not in shown


def test_log_that_may_not_be_read_is_listed_with_the_reason(collector: Collector, own_home: Path) -> None:
    before = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.getuid() == 0 else ()
    (own_home / "secret.log").write_text("x\n")
    (own_home / "secret.log").chmod(0)
    ran = collector(*_create("--no-upload", "--logs", str(own_home / "*.log")), before=before)
    with zipfile.ZipFile(ran.stdout.strip()) as archive:
        [skipped] = json.loads(archive.read("manifest.json"))["skipped"]
    assert skipped["reason"] == "Permission denied"


def test_one_interrupt_ends_the_collecting_with_a_partial_bundle(
    collector: Collector, own_home: Path
) -> None:
    fifo, folder = own_home / "reached", own_home / "config" / "tocsin" / "probes.d"
    os.mkfifo(fifo)
    folder.mkdir(parents=True)
    for name, command in (("first", f"echo > {fifo}; exec sleep 1"), ("second", "echo later")):
        (folder / f"{name}.toml").write_text(f'argv = ["sh", "-c", "{command}"]\n')
        (folder / f"{name}.toml").chmod(0o600)
    argv = [sys.executable, "-I", "-S", str(own_home / "collector.pyz"), "create", "--summary", "x"]
    argv += ["--no-upload", "--only", "own:first", "--only", "own:second"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        fifo.read_text()  # until the first probe runs
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    with zipfile.ZipFile(out.strip()) as archive:
        assert json.loads(archive.read("metadata.json"))["partial"] is True
        probes = json.loads(archive.read("manifest.json"))["probes"]
    assert {p["name"]: p["reason"] for p in probes}["own:second"] == "interrupted"


def test_without_a_network_the_bundle_is_stored_and_sent_later(
    run_tocsin: RunTocsin, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.collector.upload.time.sleep", lambda _: None)
    ran = run_tocsin("--url", "http://127.0.0.1:9", "bundle", *_create("--logs", "/nowhere/*"))
    [stored] = (own_home / "data" / "tocsin" / "incidents").glob("incident-*.zip")
    assert (ran.code, ran.out) == (3, "")
    assert f"The bundle is stored at: {stored}" in ran.err
    assert "Spooled as local-1" in ran.err


def test_wrong_token_is_refused_and_the_bundle_stored(
    run_tocsin: RunTocsin, server: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "tcs_abcdefgh_" + "x" * 40)
    ran = run_tocsin("bundle", *_create("--logs", "/nowhere/*"))
    [stored] = (own_home / "data" / "tocsin" / "incidents").glob("incident-*.zip")
    assert (ran.code, ran.out) == (1, "")
    assert "token" in ran.err
    assert f"The bundle is stored at: {stored}" in ran.err
    for given in (str(stored), stored.name, stored.stem):
        assert run_tocsin("bundle", "upload", given).code == 1  # found, and refused for its token alone
    with zipfile.ZipFile(stored) as archive:
        bundle_id = json.loads(archive.read("metadata.json"))["bundle_id"]
    assert f"The bundle is stored at: {stored}" in run_tocsin("bundle", "upload", bundle_id).err
    assert "is neither a file nor a bundle" in run_tocsin("bundle", "upload", "incident-1").err
