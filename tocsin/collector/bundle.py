"""Creates a bundle: runs the probes, writes their results to an archive with a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from tocsin.collector.context import MAX_ENTRIES, Context, Options
from tocsin.collector.items import PARTIAL, PROBES, SKIPPED, Probe, as_json
from tocsin.collector.probes.system import architecture
from tocsin.collector.runner import BEGIN, DATA, END, ProbeResult, run_probe
from tocsin.redaction.names import is_secret
from tocsin.redaction.own_rules import Literals, OwnRule
from tocsin.redaction.stream import Finder, Redactor
from tocsin.version import VERSION

FORMAT = 1
ABANDONED_AFTER_S = 3_600.0  # older ones are of programs that were killed
FIRST, LAST = "metadata.json", "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
Say = Callable[[str], None]


class FinishedBundle(NamedTuple):
    """A finished bundle."""

    path: str
    size: int
    sha256: str
    metadata: Any
    manifest: Any


class Maker:
    """Creates one bundle. `say` prints the lines of progress."""

    def __init__(
        self,
        options: Options,
        config: Mapping[str, Any],
        say: Say,
        consent: Any = None,
        own: Sequence[Probe] = (),
        finders: Sequence[Finder] = (),
    ) -> None:
        self._options, self._config, self._say, self._consent = options, config, say, consent
        self._known = [*PROBES.values(), *own]
        self._key = secrets.token_bytes(32)  # of placeholders; never written
        self._finders = finders
        self._began = time.monotonic()
        self._entries: list[Any] = []
        self._skipped: list[Any] = []
        self._probes: list[ProbeResult] = []
        self.is_interrupted = False

    def make(self, folder: str) -> FinishedBundle:
        """Write the bundle into a folder. Raises OSError if the disk is full."""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _remove_left_over(folder, time.time() - ABANDONED_AFTER_S)
        work = tempfile.mkdtemp(prefix=".bundle-", dir=folder)
        try:
            self._collect(work)
            self._say("  Redacting secrets...")
            self._say("  Creating archive...")
            return self._archive(work, folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _collect(self, work: str) -> None:
        phase = ""
        for probe in sorted(self._known, key=lambda p: _PHASES.index(p.phase)):
            if probe.phase != phase:
                phase = probe.phase
                self._say(f"  {phase}")
            reason = self._why_not(probe)
            if reason:
                self._probes.append(ProbeResult(probe.name, False, 0.0, reason))
            else:
                self._run(probe, work)

    def _why_not(self, probe: Probe) -> str:
        if probe.name in self._options.skip or (self._options.only and probe.name not in self._options.only):
            return "left out on request"
        if self.is_interrupted:
            return "interrupted"
        return "" if self._left() > 0 else f"all probes together had {self._options.timeout_s:g} s"

    def _left(self) -> float:
        return self._options.timeout_s - (time.monotonic() - self._began)

    def _run(self, probe: Probe, work: str) -> None:
        deadline = time.monotonic() + min(probe.seconds, self._left())
        context = Context(self._options, self._config, deadline)
        entry: Any = None
        file: Any = None
        for message in run_probe(probe, context, self._redactor, is_raw=self._options.dangerous):
            if isinstance(message, ProbeResult):
                self._probes.append(message)
                if entry:
                    self._keep(entry, file, {"state": PARTIAL, "reason": message.reason})
            elif message.kind == BEGIN:
                entry = {**message.fields(), "probe": probe.name, "name": f"{len(self._entries):04d}"}
                file = None if entry["state"] == SKIPPED else self._file(work, entry)
            elif message.kind == DATA and file:
                file.write(message.body)
            elif message.kind == END:
                self._keep(entry, file, message.fields())
                entry = file = None
            if self.is_interrupted:
                context = context._replace(deadline=0.0)

    def _file(self, work: str, entry: Any) -> Any:
        return open(os.path.join(work, entry["name"]), "wb", opener=_private)

    def _keep(self, entry: Any, file: Any, ended: Any) -> None:
        if file is None or len(self._entries) >= MAX_ENTRIES:
            reason = ended.get("reason") or f"a bundle has at most {MAX_ENTRIES} entries"
            self._skipped.append({"source": entry["source"], "reason": reason, "probe": entry["probe"]})
            return
        file.close()
        self._entries.append({**entry, **ended, "file": file.name})

    def _redactor(self) -> Redactor:
        return Redactor(self._key, self._finders)

    def _archive(self, work: str, folder: str) -> FinishedBundle:
        stamp = datetime.now(timezone.utc)
        path = _free_name(folder, stamp)
        part = f"{path}.part"
        metadata = self._metadata(stamp)
        try:
            with open(part, "wb", opener=_private) as file:
                manifest = self._write(file, metadata)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            _remove(part)
            raise
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            for data in iter(lambda: file.read(1 << 20), b""):
                digest.update(data)
        return FinishedBundle(path, os.path.getsize(path), digest.hexdigest(), metadata, manifest)

    def _metadata(self, stamp: datetime) -> Any:
        partial = self.is_interrupted or any(
            not p.ok and p.reason != "left out on request" for p in self._probes
        )
        return {
            "created_at": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"), "os": sys.platform, "arch": architecture(),
            "cli_version": VERSION, "summary": self._redactor().text(self._options.summary),
            "dangerous_mode": self._options.dangerous, "format": FORMAT, "bundle_id": str(uuid.uuid4()),
            "timezone": time.strftime("%Z"), "duration_s": round(time.monotonic() - self._began, 1),
            "partial": partial, "incident": self._options.incident, "rules_version": VERSION,
        }  # fmt: skip

    def _write(self, file: Any, metadata: Any) -> Any:
        listed: list[Any] = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            _add(archive, FIRST, [as_json(metadata)], {"source": "collector", "probe": "collector"}, listed)
            if self._consent:
                source = {"source": "collector", "probe": "collector"}
                _add(archive, "dangerous_mode.json", [as_json(self._consent)], source, listed)
            for entry in sorted(self._entries, key=lambda e: (e["path"].startswith("logs/"), e["path"])):
                with open(entry["file"], "rb") as opened:
                    _add(archive, entry["path"], iter(lambda: opened.read(1 << 20), b""), entry, listed)
                os.unlink(entry["file"])
            manifest = self._manifest(metadata, listed)
            _add(archive, LAST, [as_json(manifest)], {}, [])
        return manifest

    def _manifest(self, metadata: Any, listed: list[Any]) -> Any:
        cut: Counter[str] = Counter()
        for entry in listed:
            cut.update(entry["redactions"])
        return {
            "format": FORMAT, "bundle_id": metadata["bundle_id"], "entries": listed,
            "probes": [probe._asdict() for probe in self._probes],
            "skipped": self._skipped,
            "totals": {
                "entries": len(listed), "bytes": sum(e["size"] for e in listed), "redactions": dict(cut),
            },
            "chain": chain_of(listed),
        }  # fmt: skip


_PHASES = ("Collecting system info...", "Running health checks...", "Gathering logs...")


def chain_of(entries: Iterable[Any]) -> str:
    """Return the SHA-256 over path, size and SHA-256 of all entries in order, which detects any change."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(json.dumps([entry["path"], entry["size"], entry["sha256"]]).encode())
    return digest.hexdigest()


def _add(archive: Any, path: str, chunks: Iterable[bytes], entry: Any, listed: list[Any]) -> None:
    info = zipfile.ZipInfo(path, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o100600 << 16
    digest, size, lines = hashlib.sha256(), 0, 0
    with archive.open(info, "w") as file:
        for data in chunks:
            file.write(data)
            digest.update(data)
            size += len(data)
            lines += data.count(b"\n")
    listed.append({
        "path": path, "size": size, "sha256": digest.hexdigest(), "source": entry.get("source", ""),
        "probe": entry.get("probe", ""), "state": entry.get("state", "whole"),
        "reason": entry.get("reason", ""),
        "lines": lines, "redactions": entry.get("redactions", {}),
    })  # fmt: skip


def _own_secrets(config: Mapping[str, Any]) -> Literals:
    """Return values of variables and settings files under secret names, which are redacted everywhere."""
    values = [value for name, value in os.environ.items() if is_secret(name)]
    for path in config.get("redaction", {}).get("secret_files", []):
        try:
            with open(os.path.expanduser(str(path)), encoding="utf-8", errors="replace") as file:
                pairs = [line.partition("=") for line in file.read(1_000_000).splitlines()]
        except OSError:
            continue
        values += [value.strip().strip("\"'") for name, _, value in pairs if is_secret(name.strip())]
    return Literals(values)


def finders_of(config: Mapping[str, Any]) -> list[Finder]:
    """Return the additional redaction rules. Raises RuleError for an invalid rule."""
    rules: list[Finder] = [OwnRule(rule) for rule in config.get("redaction", {}).get("rules", [])]
    return [_own_secrets(config), *rules]


def _remove_left_over(folder: str, before: float) -> None:
    """Remove unfinished files of a killed program."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        is_part = name.startswith("incident-") and name.endswith(".zip.part")
        if not (is_part or name.startswith(".bundle-")) or os.lstat(path).st_mtime > before:
            continue
        if is_part:
            _remove(path)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _free_name(folder: str, stamp: datetime) -> str:
    base = os.path.join(folder, f"incident-{stamp:%Y%m%d-%H%M%S}")
    path, number = f"{base}.zip", 2
    while os.path.exists(path) or os.path.exists(f"{path}.part"):
        path, number = f"{base}-{number}.zip", number + 1
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def readable_size(size: int) -> str:
    """Format a size: 2.5 MB."""
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1e3:.1f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
