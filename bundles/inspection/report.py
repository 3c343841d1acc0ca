"""Inspects a bundle: structure, hashes, documents, and a second scan for secrets. Pure."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from bundles.inspection.archive import Entry, HostileArchiveError, check_content, checked_entries
from bundles.limits import MAX_HITS
from tocsin.collector.bundle import chain_of
from tocsin.redaction.engine import findings, merged
from tocsin.redaction.shape import MASK, rule_name
from tocsin.redaction.shapes import CERTAIN
from tocsin.redaction.stream import Finder

BLOCK_BYTES: Final = 256 * 1024
MAX_DOCUMENT_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 20
_CERTAIN: Final = frozenset(map(rule_name, CERTAIN))
_PLACEHOLDER: Final = re.compile(r"\[redacted:[a-z0-9-]{1,80}:[0-9a-f]{6}\]")


class Hit(NamedTuple):
    """A line with a secret, or with a part of one, found by the second scan; never the secret itself."""

    path: str
    line: int
    rule: str


class Report(NamedTuple):
    """Report of a valid bundle.

    `hits` are the first MAX_HITS; `rules` counts all of them, certain rules first.
    """

    metadata: dict[str, Any]
    health: dict[str, Any]
    system: dict[str, Any]
    manifest: dict[str, Any]
    hits: list[Hit]
    rules: dict[str, int]
    levels: dict[str, int]

    @property
    def is_leaking(self) -> bool:
        """Whether a rule with few false positives matched."""
        return not _CERTAIN.isdisjoint(self.rules)


def inspect(path: Path, own: Sequence[Finder] = ()) -> Report:
    """Inspect a bundle; `own` are redaction rules in addition to the built-in ones.

    Raises HostileArchiveError, with a readable reason.
    """
    entries = checked_entries(path)
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _document(archive, entries[-1])
            _check_manifest(entries, manifest)
            return _read(archive, entries, manifest, (findings, *own))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise HostileArchiveError(f"is damaged: {error}") from error


def _check_manifest(entries: list[Entry], manifest: dict[str, Any]) -> None:
    listed = manifest.get("entries")
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise HostileArchiveError("has a manifest without entries")
    if [entry.get("path") for entry in listed] != [entry.path for entry in entries[:-1]]:
        raise HostileArchiveError("has other entries than its manifest")
    wanted = ("path", "size", "sha256")
    is_whole = all(name in entry for entry in listed for name in wanted)
    if not is_whole or manifest.get("chain") != chain_of(listed):
        raise HostileArchiveError("has a manifest that was changed")
    if [entry["size"] for entry in listed] != [entry.size for entry in entries[:-1]]:
        raise HostileArchiveError("has a manifest with other sizes")


def _read(
    archive: zipfile.ZipFile, entries: list[Entry], manifest: dict[str, Any], finders: Sequence[Finder]
) -> Report:
    hits: list[Hit] = []
    rules: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    for entry, listed in zip(entries, manifest["entries"], strict=False):
        digest, first = hashlib.sha256(), 1
        for block in _blocks(archive, entry, digest):
            text = block.decode("utf-8", "replace")
            for rule, lines in _secrets(first, text, finders):
                rules[rule] += 1
                hits += [Hit(entry.path, line, rule) for line in lines[: MAX_HITS - len(hits)]]
            if entry.path.startswith("logs/"):
                levels.update(filter(None, map(_level, text.split("\n"))))
            first += text.count("\n")
        if digest.hexdigest() != listed["sha256"]:
            raise HostileArchiveError(f"{entry.path} does not match the manifest")
    by_name = {entry.path: entry for entry in entries}
    health, system = (
        _document(archive, by_name[name]) if name in by_name else {}
        for name in ("health.json", "system_info.json")
    )
    counted = dict(sorted(rules.items(), key=lambda rule: (rule[0] not in _CERTAIN, -rule[1])))
    return Report(_document(archive, entries[0]), health, system, manifest, hits, counted, dict(levels))


def _blocks(archive: zipfile.ZipFile, entry: Entry, digest: Any) -> Iterator[bytes]:
    """An entry in blocks of whole lines, never more bytes than its header allows."""
    left, rest, is_first = entry.size, b"", True
    with archive.open(entry.info) as file:
        while data := file.read(BLOCK_BYTES):
            left -= len(data)
            if left < 0:
                raise HostileArchiveError(f"{entry.path} is longer than in its header")
            if is_first:
                check_content(entry.path, data)
                is_first = False
            digest.update(data)
            rest += data
            cut = rest.rfind(b"\n") + 1 or len(rest)
            yield rest[:cut]
            rest = rest[cut:]
    if left:
        raise HostileArchiveError(f"{entry.path} is shorter than in its header")
    yield rest


def _secrets(first: int, text: str, finders: Sequence[Finder]) -> Iterator[tuple[str, range]]:
    """Rule and lines of each secret, except of redaction placeholders, shortened so that no rule matches."""
    plain = _PLACEHOLDER.sub(MASK, text)
    line, at = first, 0
    for match in merged(match for find in finders for match in find(plain)):
        line, at = line + plain.count("\n", at, match.start), match.start
        if plain[at : match.end] != MASK:
            last = line + plain.count("\n", at, match.end - 1)
            yield rule_name(match.rule), range(line, last + 1)


def _level(line: str) -> str:
    found = re.search(r"\b(FATAL|CRITICAL|ERROR|WARN(?:ING)?|INFO|DEBUG)\b", line[:200])
    return found.group(1).replace("WARNING", "WARN") if found else ""


def _document(archive: zipfile.ZipFile, entry: Entry) -> dict[str, Any]:
    if entry.size > MAX_DOCUMENT_BYTES:
        raise HostileArchiveError(f"{entry.path} is larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        found = orjson.loads(archive.read(entry.info))
    except orjson.JSONDecodeError as error:  # also NaN and lone surrogates, which cannot be stored
        raise HostileArchiveError(f"{entry.path} is not JSON") from error
    if not isinstance(found, dict) or _depth(found) > MAX_DEPTH:
        raise HostileArchiveError(f"{entry.path} is not a flat JSON object")
    return found


def _depth(value: Any) -> int:
    """Nesting depth of a document, without recursion."""
    level, deepest = [value], 0
    while level:
        deepest += 1
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [item for group in inner for item in group]
        if deepest > MAX_DEPTH:
            break
    return deepest
