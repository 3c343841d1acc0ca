"""The collector: transcript, contents, redaction before the disk, sick hosts, the single file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.receiver import Receiver, Reply, running
from tests.programs import python
from tests.runtime.redaction import first_plain
from tests.runtime.redaction.shapes import lines
from tocsin.collector import commands
from tocsin.collector.bundle import Maker
from tocsin.collector.context import Context, Options
from tocsin.collector.items import LOGS, PROBES, Item, Probe, as_json
from tocsin.collector.main import main
from tocsin.collector.reading import BundleError, verify
from tocsin.collector.runner import MAX_MEMORY_BYTES, NICE
from tocsin.collector.toml_config import ConfigError, read_subset, read_toml
from tocsin.collector.upload import UploadError, is_readable_by_others, send_file, upload
from tocsin.packing import build_collector, collector_bytes

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIPT = """Creating incident bundle...
  Collecting system info...
  Running health checks...
  Gathering logs...
  Redacting secrets...
  Creating archive...

Incident bundle created: NAME
Size: SIZE
"""
SKIP = ("services", "containers")


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """`make(logs=[…])`: the bundle's entries, manifest and printed lines."""

    def it(logs: list[str] | None = None, config: Any = None, **options: Any) -> Any:
        messages: list[str] = []
        given = Options(
            summary="Services not starting", logs=logs or ["/nowhere/*"], **{"skip": SKIP, **options}
        )
        made = commands.create(given, config or {}, str(tmp_path / "bundles"), messages.append)
        with zipfile.ZipFile(made.path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        return made, entries, messages

    return it


def test_transcript_is_as_documented(make: Any) -> None:
    made, entries, messages = make()
    shown = "\n".join(messages) + "\n"
    shown = shown.replace(os.path.basename(made.path), "NAME")
    assert re.sub(r"Size: [\d.]+ (bytes|kB|MB)", "Size: SIZE", shown) == TRANSCRIPT
    assert re.fullmatch(r"incident-\d{8}-\d{6}\.zip", os.path.basename(made.path))
    assert next(iter(entries)) == "metadata.json"
    assert list(entries)[-1] == "manifest.json"
    metadata = json.loads(entries["metadata.json"])
    assert set(metadata) >= {"created_at", "os", "arch", "cli_version", "summary", "dangerous_mode"}
    health = json.loads(entries["health.json"])
    assert health["overall"] in {"ok", "degraded", "down", "unknown"}
    assert set(health["checks"][0]) >= {"name", "ok", "message"}
    assert json.loads(entries["system_info.json"])["hostname"]
    assert oct(os.stat(made.path).st_mode & 0o777) == "0o600"


def test_no_planted_secret_is_in_a_bundle(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", "Zq8-very-own-Value-31")
    planted = lines(first_plain.PLAIN, 1_000, 11)
    log = "\n".join(line.text for line in planted) + "\nplain text with Zq8-very-own-Value-31 in it\n"
    (tmp_path / "app.log").write_text(log)
    made, entries, _ = make([str(tmp_path / "app.log")], only=("logs",))
    shown = b"".join(entries.values()).decode()
    leaking = {line.kind for line in planted if line.leaks(shown)}
    assert leaking == set()
    assert "Zq8-very-own-Value-31" not in shown
    totals = made.manifest["totals"]["redactions"]
    assert sum(totals.values()) >= 1_000
    assert totals["known-value"] == 1


def test_non_finite_number_is_null_in_a_document() -> None:
    nan, endless = float("nan"), float("inf")
    written = json.loads(as_json({"load": [nan, 0.5, (-endless,)], "b": {"c": endless}, nan: 1}))
    assert written == {"load": [None, 0.5, [None]], "b": {"c": None}, "nan": 1}


def test_key_over_rotated_files_is_cut_in_both(make: Any, tmp_path: Path) -> None:
    body = "MIIEpAIBAAKCAQEAx7Qm2Zr9Tt4Lw8Vb3NMIIEpAIBAAKCAQEAx7Qm2Zr9Tt4Lw8"
    (tmp_path / "k.log.1").write_text(f"start\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n")
    (tmp_path / "k.log").write_text(f"{body}\n{body}\n-----END RSA PRIVATE KEY-----\nend\n")
    _, entries, _ = make([str(tmp_path / "k.log*")])
    shown = b"".join(entries.values()).decode()
    assert body[:20] not in shown
    assert "end\n" in shown


def test_unreadable_requests_are_listed_with_the_reason(make: Any, tmp_path: Path) -> None:
    (tmp_path / "real.log").write_text("line\n")
    (tmp_path / "link.log").symlink_to("/etc/passwd")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "binary.log").write_bytes(b"\0\1\2" * 100)
    (tmp_path / "damaged.log.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3broken")
    made, entries, _ = make([str(tmp_path / "*")])
    reasons = {os.path.basename(s["source"]): s["reason"] for s in made.manifest["skipped"]}
    assert reasons["link.log"] == "is a link"
    assert reasons["zero.log"] == "is a link"
    assert reasons["fifo.log"] == "is not a regular file"
    assert reasons["binary.log"] == "is no text"
    partial = [e for e in made.manifest["entries"] if e["state"] == "partial"]
    assert [e["reason"].split(":")[0] for e in partial] == ["is damaged"]
    assert any(name.endswith("real.log") for name in entries)


def test_large_log_is_cut_at_its_beginning(make: Any, tmp_path: Path) -> None:
    (tmp_path / "big.log").write_bytes(b"a line of a log that is long\n" * 60_000)
    made, _, _ = make([str(tmp_path / "big.log")], max_bytes=500_000)
    entry = next(e for e in made.manifest["entries"] if e["path"].startswith("logs/"))
    assert entry["state"] == "tail"
    assert 400_000 < entry["size"] <= 500_000


@pytest.fixture
def sleeping_probe() -> Iterator[None]:
    def run(_context: Context) -> Iterator[Item]:
        yield Item("logs/before.log", "x", [b"seen\n"])
        subprocess.run(["sleep", "60"], check=False)

    for name in ("sleeping", "sleeping again"):
        PROBES[name] = Probe(name, 0.5, LOGS, run)
    yield
    del PROBES["sleeping"], PROBES["sleeping again"]


def test_probe_that_hangs_is_ended_and_the_bundle_is_made(make: Any, sleeping_probe: None) -> None:
    made, entries, messages = make(only=("sleeping",))
    assert entries["logs/before.log"] == b"seen\n"
    assert made.metadata["partial"] is True
    probe = next(p for p in made.manifest["probes"] if p["name"] == "sleeping")
    assert not probe["ok"]
    assert "did not end" in probe["reason"]
    assert any(line.startswith("Incomplete: sleeping") for line in messages)


def test_all_probes_together_have_a_limit(make: Any, sleeping_probe: None) -> None:
    made, _, _ = make(only=("sleeping", "sleeping again"), timeout_s=0.3)
    reasons = {p["name"]: p["reason"] for p in made.manifest["probes"] if p["name"].startswith("sleeping")}
    assert reasons["sleeping"].startswith("did not end in")
    assert reasons["sleeping again"] == "all probes together had 0.3 s"
    assert verify(made.path)["chain"]


@pytest.fixture
def hungry_probe() -> Iterator[None]:
    def run(_context: Context) -> Iterator[Item]:
        yield Item("logs/before.log", "x", [f"niceness {os.nice(0)}\n".encode()])
        bytearray(MAX_MEMORY_BYTES)

    PROBES["hungry"] = Probe("hungry", 20.0, LOGS, run)
    yield
    del PROBES["hungry"]


def test_probe_has_low_priority_and_is_ended_above_its_memory_limit(make: Any, hungry_probe: None) -> None:
    made, entries, _ = make(only=("hungry",))
    assert entries["logs/before.log"] == f"niceness {min(19, os.nice(0) + NICE)}\n".encode()
    probe = next(p for p in made.manifest["probes"] if p["name"] == "hungry")
    assert (probe["ok"], probe["reason"].split(":")[0]) == (False, "MemoryError")
    assert made.metadata["partial"] is True


def test_health_checks_of_the_configuration_report_what_is_wrong(make: Any, tmp_path: Path) -> None:
    config = read_toml(f"""
[[health]]
name = "nothing listens"
kind = "tcp"
port = 9
[[health]]
name = "hangs"
kind = "command"
argv = ["sleep", "30"]
seconds = 1
[[health]]
name = "there"
kind = "file"
path = "{tmp_path}"
""")
    _, entries, _ = make(config=config, only=("health",))
    health = json.loads(entries["health.json"])
    assert health["overall"] == "degraded"
    assert [c["ok"] for c in health["checks"]] == [False, False, True]
    assert health["checks"][1]["message"] == "no response in 1 s"


def test_changed_bundle_is_not_whole(make: Any, tmp_path: Path) -> None:
    made, entries, _ = make()
    assert verify(made.path)["chain"]
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data.replace(b"hostname", b"hostnome"))
    with pytest.raises(BundleError, match="was changed"):
        verify(str(forged))
    forged.write_bytes(Path(made.path).read_bytes()[:-30])
    with pytest.raises(BundleError, match="not a whole bundle"):
        verify(str(forged))


def test_full_disk_leaves_nothing_and_is_reported(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Maker, "_write", full)
    with pytest.raises(commands.CollectorError, match="No space left"):
        make()
    assert list((tmp_path / "bundles").iterdir()) == []


def test_leftovers_of_a_killed_program_are_removed_but_no_bundles(make: Any, tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    (folder / ".bundle-old").mkdir(parents=True)
    (folder / ".bundle-old" / "0001").write_text("half")
    old = [".bundle-old", "incident-20260101-000000.zip.part", "incident-20260101-000000.zip", "notes.txt"]
    for name in [*old[1:], "incident-20260102-000000.zip.part"]:
        (folder / name).write_text("x")
    for name in old:
        os.utime(folder / name, (0, 0))
    made, _, _ = make(only=("system",))
    assert {one.name for one in folder.iterdir()} == {
        Path(made.path).name, "notes.txt", "incident-20260101-000000.zip", "incident-20260102-000000.zip.part"
    }  # fmt: skip


def test_killed_program_leaves_no_bundle_that_counts(tmp_path: Path) -> None:
    fifo = tmp_path / "reached"
    os.mkfifo(fifo)
    folder = tmp_path / "config" / "tocsin" / "probes.d"
    folder.mkdir(parents=True)
    (folder / "waits.toml").write_text(f'argv = ["sh", "-c", "echo > {fifo}; exec sleep 5"]\n')
    (folder / "waits.toml").chmod(0o600)
    argv = [
        sys.executable,
        "-c",
        "from tocsin.collector.main import main; main()",
        "create",
        "--summary",
        "x",
    ]
    argv += ["--no-upload", "--only", "own:waits", "--output", str(tmp_path / "bundles")]
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL) as running:
        fifo.read_text()  # until the probe runs
        running.kill()
    assert list((tmp_path / "bundles").glob("*.zip")) == []
    assert commands.local_lines(str(tmp_path / "bundles")) == []


def test_single_file_is_reproducible_small_and_runs_on_old_python(tmp_path: Path) -> None:
    file = tmp_path / "collector.pyz"
    build_collector(file)
    assert collector_bytes() == file.read_bytes()
    assert file.stat().st_size < 200_000
    for program in filter(None, (sys.executable, python("python3.9"), python("pypy3"))):
        folder = tmp_path / Path(program).name
        (tmp_path / "app.log").write_text("password=maple4711\n")
        argv = [program, "-I", "-S", str(file), "create", "--summary", "Services not starting", "--no-upload"]
        argv += ["--output", str(folder), "--logs", str(tmp_path / "app.log"), "--skip", "containers"]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        assert ran.stderr.startswith("Creating incident bundle...\n")
        assert verify(ran.stdout.strip())["totals"]["redactions"]["value-that-goes-by-a-name"] == 1


def test_both_readers_of_the_configuration_agree() -> None:
    text = """
title = "a # b"  # comment
[logs]
paths = ["/var/log/*.log",
  '/srv/x.log']
count = 3
[redaction]
on = true
[[redaction.rules]]
name = "ntfy"
marks = ["ntfy.sh/"]
[[health]]
port = 80
[[health]]
port = 81
"""
    assert read_subset(text) == read_toml(text)
    with pytest.raises(ConfigError, match="line 1"):
        read_subset("what is this")


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("https://tocsin.example", False), ("http://127.0.0.1:8000", False), ("http://[::1]:8000", False),
        ("http://localhost:8000", False), ("http://tocsin.example", True), ("http://10.0.0.5", True),
        ("http://localhost.example", True), ("tocsin.example", True),
    ],
)  # fmt: skip
def test_addresses_on_shared_channels_are_recognized(url: str, is_shown: bool) -> None:
    assert is_readable_by_others(url) is is_shown


def test_plain_http_to_another_host_is_refused_and_the_bundle_stored(
    make: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    make()
    monkeypatch.setattr(commands, "bundles_folder", lambda: str(tmp_path / "bundles"))
    monkeypatch.setenv("TOCSIN_URL", "http://tocsin.invalid")
    [bundle] = (tmp_path / "bundles").glob("*.zip")
    assert main(["upload", str(bundle)]) == 2
    output = capsys.readouterr().err
    assert "http://tocsin.invalid is not encrypted" in output
    assert f"Use https, or --insecure-http. The bundle is stored at: {bundle}" in output
    assert main(["upload", str(bundle), "--insecure-http"]) == 3  # it is tried


def test_file_goes_to_no_plain_storage_of_an_encrypted_server(tmp_path: Path) -> None:
    bundle = tmp_path / "b.zip"
    bundle.write_bytes(b"x")
    ticket = {"url": "http://storage.example/b", "method": "PUT", "headers": {}}
    with pytest.raises(UploadError, match="the storage is not encrypted") as refused:
        send_file(str(bundle), ticket, "https://tocsin.example")
    assert refused.value.status == 0  # so that the server takes it itself


def test_upload_follows_no_redirect_with_its_token(make: Any) -> None:
    made, _, _ = make()
    with running(Receiver()) as elsewhere:
        away = Reply(302, b"", {"Location": f"{elsewhere.url}/in"})
        with running(Receiver(lambda _: away)) as server, pytest.raises(UploadError, match="302"):
            upload(made.path, server.url, "tcs_token")
        assert elsewhere.received == []
