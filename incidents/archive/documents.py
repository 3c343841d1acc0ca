"""The archive file: gzip of JSON lines, readable by `zcat`; the same rows give the same bytes.

The first line describes the file, each further line is one row, the last one holds the number of lines
before it and their SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

FORMAT: Final = "tocsin.archive"
VERSION: Final = 1
_ROW: Final = ',"row":'


class DamagedArchiveError(Exception):
    """The file is not the one that was written; the message says where it differs."""


@dataclass
class Summary:
    """Number of rows of one part, and the SHA-256 of them, a line each."""

    rows: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, row: str) -> None:
        """Count one row."""
        self.rows += 1
        self.digest.update(row.encode() + b"\n")

    def as_json(self) -> dict[str, Any]:
        """Return it as it is in the first line."""
        return {"rows": self.rows, "sha256": self.digest.hexdigest()}


def row_line(part: str, row: str) -> str:
    """Return one row as a line, its JSON unchanged."""
    return f'{{"part":{json.dumps(part)}{_ROW}{row}}}\n'


def write(path: Path, header: Mapping[str, Any], lines: Iterable[bytes]) -> None:
    """Write the file: header, lines, and the checksum of both."""
    digest, count = hashlib.sha256(), 0
    first = json.dumps({"format": FORMAT, "version": VERSION, **header}, sort_keys=True) + "\n"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for line in chain([first.encode()], lines):
            file.write(line)
            digest.update(line)
            count += 1
        file.write(json.dumps({"lines": count, "sha256": digest.hexdigest()}).encode() + b"\n")


def read_header(path: Path) -> dict[str, Any]:
    """Return the first line of a checked file."""
    with gzip.open(path, "rb") as file:
        found: dict[str, Any] = json.loads(file.readline())
    return found


def check(path: Path) -> dict[str, Any]:
    """Read the whole file and compare every checksum; return its first line. Raises DamagedArchiveError."""
    digest, count, last = hashlib.sha256(), 0, b""
    summaries: dict[str, Summary] = {}
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                if last:
                    digest.update(last)
                    count += 1
                    _summarize(summaries, last, count)
                last = line
        end = json.loads(last or b"{}")
        header = read_header(path) if count else {}
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DamagedArchiveError(f"it cannot be read: {error}") from error
    if (end.get("lines"), end.get("sha256")) != (count, digest.hexdigest()):
        raise DamagedArchiveError("its checksum differs from what was written")
    if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
        raise DamagedArchiveError(f"it is not an archive of version {VERSION}")
    counted = {name: one.as_json() for name, one in summaries.items()}
    if counted != {name: one for name, one in header["parts"].items() if one["rows"]}:
        raise DamagedArchiveError("its rows differ from its first line")
    return header


def _summarize(summaries: dict[str, Summary], line: bytes, number: int) -> None:
    if number > 1:
        part, row = parse_row(line)
        summaries.setdefault(part, Summary()).add(row)


def parse_row(line: bytes) -> tuple[str, str]:
    """Return the part and the row's JSON. Raises ValueError."""
    start, row = line.decode().rstrip("\n")[:-1].split(_ROW, 1)
    return json.loads(start + "}")["part"], row


def read_rows_of(path: Path, wanted: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (part, row) of these parts, in the order of the checked file."""
    with gzip.open(path, "rb") as file:
        for number, line in enumerate(file):
            if number and line.startswith(b'{"part"'):
                part, row = parse_row(line)
                if part in wanted:
                    yield part, row
