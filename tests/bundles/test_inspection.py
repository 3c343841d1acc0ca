"""Inspection of bundles: generated ones pass, hostile archives do not, remaining secrets are found."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundles.inspection.archive import HostileArchiveError
from bundles.inspection.report import inspect
from tests.runtime.redaction import first_hard, first_plain
from tests.runtime.redaction.shapes import lines
from tocsin.collector import commands
from tocsin.collector.bundle import chain_of
from tocsin.collector.context import Options

ROOT = Path(__file__).resolve().parents[2]
Entries = list[tuple[str, bytes]]


def written(entries: Entries, **changes: Any) -> bytes:
    """A zip file as the collector writes it; `changes` are set on each entry's header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100600 << 16
            for field, value in changes.items():
                setattr(info, field, value)
            archive.writestr(info, data)
    return buffer.getvalue()


def bundle(logs: Entries | None = None, metadata: bytes = b'{"format": 1}') -> Entries:
    """The entries of a bundle with a right manifest."""
    import hashlib

    inner = [("metadata.json", metadata), *(logs or [("logs/app.log", b"a line\n")])]
    listed = [{"path": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in inner]
    manifest = {"entries": listed, "chain": chain_of(listed)}
    return [*inner, ("manifest.json", json.dumps(manifest).encode())]


def test_generated_bundle_passes_and_has_no_secret(tmp_path: Path) -> None:
    planted = [*lines(first_plain.PLAIN, 800, 3), *lines(first_hard.HARD, 200, 4)]
    (tmp_path / "app.log").write_text("\n\n".join(line.text for line in planted))
    options = Options(summary="x", logs=[str(tmp_path / "app.log")], only=("logs", "health", "system"))
    made = commands.create(options, {}, str(tmp_path / "out"), lambda _: None)
    report = inspect(Path(made.path))
    assert report.metadata["summary"] == "x"
    assert report.health["overall"]
    assert [hit for hit in report.hits if hit.path.startswith("logs/")] == []
    assert not report.is_leaking


@pytest.mark.parametrize(
    ("text", "rule", "is_leaking"),
    [
        ("use ghp_" + "aB3" * 12, "github-token", True),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7", "private-key", True),
        ("postgresql://app:s3cretpassword@db/app", "password-in-an-address", True),
        ("password=maple4711", "value-that-goes-by-a-name", False),
        ("password=[redacted:value-that-goes-by-a-name:3f9a2c]", "", False),
    ],
)
def test_secret_that_is_left_is_found_with_its_place(
    tmp_path: Path, text: str, rule: str, is_leaking: bool
) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle([("logs/app.log", f"first\n{text}\n".encode())])))
    report = inspect(file)
    assert [(hit.path, hit.line, hit.rule) for hit in report.hits][:1] == (
        [("logs/app.log", 2, rule)] if rule else []
    )
    assert report.is_leaking is is_leaking


def test_each_line_of_a_private_key_is_a_hit(tmp_path: Path) -> None:
    body = "\n".join(["MIIEpAIBAAKCAQEA7abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"] * 5)
    text = f"first\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nlast\n"
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle([("logs/app.log", text.encode())])))
    report = inspect(file)
    assert [hit.line for hit in report.hits] == [2, 3, 4, 5, 6, 7]
    assert report.rules == {"private-key": 1}


def test_certain_secret_after_hundreds_of_others_is_found(tmp_path: Path) -> None:
    noise = b"password=maple4711\n" * 300
    key = b"use ghp_" + b"aB3" * 12 + b"\n"
    logs = [("logs/a.log", noise), ("logs/b.log", noise + b"plain\n" * 50_000), ("logs/c.log", key)]
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle(logs)))
    report = inspect(file)
    assert report.is_leaking
    assert list(report.rules.items()) == [("github-token", 1), ("value-that-goes-by-a-name", 600)]
    assert (len(report.hits), report.hits[-1][:2]) == (500, ("logs/b.log", 200))


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _zip_in(data: bytes) -> bytes:
    return written(bundle([("logs/app.log", data)]))


def _swapped_local_name() -> bytes:
    data = written(bundle())
    return _patched(data, data.index(b"logs/app.log"), b"logs/abc.log")


def _overlapping() -> bytes:
    data = written(bundle())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"manifest.json"))
    return _patched(data, at + 42, struct.pack("<L", 0))


def _sized(size: int) -> bytes:
    data = written(bundle([("logs/app.log", b"x" * 5_000)]))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark, data.index(mark) + 4)
        data = _patched(data, at + offset, struct.pack("<L", size))
    return data


def _truncated_size() -> bytes:
    return _sized(10)


def _bomb() -> bytes:
    return _sized(2**32 - 2)


def _two_directories() -> bytes:
    """One directory for those who know zip64, in the comment of the last entry of another."""
    data = written(bundle())
    start = data.index(b"PK\x01\x02")
    inner, end = data[start:-22], data[-22:]
    at = inner.rindex(b"PK\x01\x02")
    place = start + len(inner)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, len(inner), place)
    comment = inner + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, place + len(inner), 1)
    outer = _patched(inner, at + 32, struct.pack("<H", len(comment))) + comment
    return data[:start] + outer + _patched(end, 12, struct.pack("<L", len(outer)))


def _other_sizes() -> bytes:
    first, second, (name, text) = bundle()
    manifest = json.loads(text)
    manifest["entries"][0]["size"] += 1
    manifest["chain"] = chain_of(manifest["entries"])
    return written([first, second, (name, json.dumps(manifest).encode())])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "two directories": _two_directories,
    "other sizes in the manifest": _other_sizes,
    "no number": lambda: written(bundle(metadata=b'{"format": NaN}')),
    "number without end": lambda: written(bundle(metadata=b'{"format": 1e999}')),
    "half a character": lambda: written(bundle(metadata=b'{"format": "\\ud800"}')),
    "empty": lambda: b"",
    "no zip": lambda: b"hello" * 100,
    "html before": lambda: b"<html><script>1</script>" + written(bundle()),
    "pdf before": lambda: b"%PDF-1.7\n" + written(bundle()),
    "bytes behind": lambda: written(bundle()) + b"behind",
    "two archives": lambda: written(bundle()) + written(bundle()),
    "comment": lambda: written(bundle())[:-2] + b"\x02\x00hi",
    "absolute name": lambda: written(bundle([("/etc/passwd", b"x")])),
    "name that climbs": lambda: written(bundle([("logs/../../x.log", b"x")])),
    "backslash": lambda: written(bundle([("logs\\x.log", b"x")])),
    "unknown name": lambda: written(bundle([("run.sh", b"x")])),
    "name of two cases": lambda: written(bundle([("logs/a.log", b"x"), ("logs/A.log", b"x")])),
    "link": lambda: written(bundle(), external_attr=0o120777 << 16),
    "device": lambda: written(bundle(), external_attr=0o020666 << 16),
    "extra fields": lambda: written(bundle(), extra=b"\x99\x99\x02\x00ab"),
    "bomb": _bomb,
    "many entries": lambda: written(bundle([(f"logs/{n}.log", b"x") for n in range(600)])),
    "archive within": lambda: _zip_in(written(bundle())),
    "gzip within": lambda: _zip_in(b"\x1f\x8b\x08\0" + b"x" * 50),
    "two names of one entry": _swapped_local_name,
    "overlap": _overlapping,
    "shorter than said": _truncated_size,
    "no manifest": lambda: written(bundle()[:-1]),
    "wrong order": lambda: written(bundle()[::-1]),
    "changed entry": lambda: written([*bundle()[:1], ("logs/app.log", b"b line\n"), bundle()[-1]]),
    "changed manifest": lambda: written([*bundle()[:-1], ("manifest.json", b'{"entries": [], "chain": ""}')]),
    "manifest of other kind": lambda: written([*bundle()[:-1], ("manifest.json", b"[]")]),
    "deep document": lambda: written(bundle(metadata=b'{"a":' * 5_000 + b"1" + b"}" * 5_000)),
    "cut": lambda: written(bundle([("logs/app.log", b"abc" * 9_000)]))[:-200],
}


NAMES = (
    "logs/", "logs//a.log", "./logs/a.log", "logs/./a.log", "logs/a.log/", "LOGS/a.log", "logs/a.log ",
    "C:/a.log", "logs/a\nb.log", "logs/\u202egol.a", "logs/con.log:x", "metadata.json/x",
    "logs/" + "a" * 300 + ".log", "~/a.log", "logs/a.log\t", "%2e%2e/a.log", "logs/..", "..",
    "logs/$HOME.log", "\\\\host\\a.log", "logs/a;b.log",
)  # fmt: skip
HOSTILE |= {f"name {name!r}": lambda name=name: written(bundle([(name, b"x")])) for name in NAMES}
HOSTILE |= {
    f"cut at {n} of 12": lambda n=n: (data := written(bundle()))[: len(data) * n // 12] for n in range(1, 12)
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archive_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(HOSTILE[name]())
    with pytest.raises(HostileArchiveError, match=r"\w+"):
        inspect(file)


def test_log_of_one_repeated_line_is_accepted(tmp_path: Path) -> None:
    line = b"2026-01-01T00:00:00Z ERROR connection to db-7 refused, retrying in 5 s\n"
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle([("logs/app.log", line * 30_000)])))
    assert len(line) * 30_000 > 200 * file.stat().st_size
    assert inspect(file).levels == {"ERROR": 30_000}


def test_memory_does_not_depend_on_the_compression_ratio(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(written(bundle([("logs/app.log", b"a" * 30_000_000)])))
    assert file.stat().st_size < 50_000
    tracemalloc.start()
    try:
        inspect(file)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_child_process_prints_report_or_reason(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    for data, key in ((written(bundle()), "metadata"), (b"no", "refused")):
        file.write_bytes(data)
        argv = [sys.executable, "-m", "bundles.inspection.child", str(file)]
        ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert key in json.loads(ran.stdout)
